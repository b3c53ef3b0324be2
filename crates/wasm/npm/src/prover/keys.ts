// Proving keys on their way in: from the browser's cache or from wherever they are served.

import { failure, SthenoError } from '../errors.js';
import { download, whole, type Patience } from './download.js';
import { bytes32 } from './given.js';
import * as wasm from './wasm.js';

/** Where a key's file lies, as it crosses: addresses, the first that serves it is taken; or the file. @internal */
export type WireKeySource = { urls: string[] } | { file: Blob };

/** A key that is asked for: by its own hash or by that of its other half. @internal */
export interface WireKey {
  source: WireKeySource;
  by: 'hash' | 'verifyingHash';
  hash: Uint8Array;
  /** Hashes of the key's own file: where there are any, no other is taken. */
  pinned?: Uint8Array[];
  development: boolean;
  patience: Patience;
}

/** What is going on with it. @internal */
export type KeyEvent = { phase: 'fetch'; done: number; total?: number } | { phase: 'read' };

/** A key that was taken, and where its file is now. @internal */
export interface TakenKey {
  key: wasm.Key;
  bytes: number;
  kept: 'cache' | 'memory';
  /** Where it came from. */
  from: string;
}

/** Where a key comes from that was fetched before. @internal */
export const FROM_CACHE = 'the cache';

const CACHE = 'stheno-proving-keys';
/** Beside a cached file: its SHA-256, once it was checked. */
const CHECKED = 'stheno-checked-sha256';
/**
 * Takes a key, from places that are not in `without`. Whatever the file comes from, it is compared with the hash, or
 * checked and tried.
 * @internal
 */
export async function take(
  wire: WireKey,
  signal: AbortSignal,
  tell: (event: KeyEvent) => void,
  without: ReadonlySet<string> = new Set(),
): Promise<TakenKey> {
  const read = (file: Uint8Array, known?: Uint8Array): wasm.Key => {
    tell({ phase: 'read' });
    const { by, hash, pinned = [], development } = wire;
    if (by === 'hash') return wasm.Key.pinned(file, hash, development);
    if (pinned.length) return wasm.Key.known(file, hash, joined(pinned), development);
    if (known) return wasm.Key.known(file, hash, known, development);
    return wasm.Key.checked(file, hash, crypto.getRandomValues(new Uint8Array(32)), development);
  };
  if ('file' in wire.source) {
    const file = await whole(wire.source.file.stream(), wire.source.file.size, 'the file', signal, tell);
    return { key: read(file), bytes: file.length, kept: 'memory', from: 'the file' };
  }
  const cache = await Kept.of(wire);
  const kept = without.has(FROM_CACHE) ? undefined : await cache?.take();
  if (kept) {
    try {
      return { key: read(kept.file, kept.checked), bytes: kept.file.length, kept: 'cache', from: FROM_CACHE };
    } catch (error) {
      // What was cached fitted the hash, or another one than is asked for now: or else the disk is at fault.
      if (!isDamage(error)) throw error;
      await cache?.remove();
    }
  }
  const urls = wire.source.urls.filter((url) => !without.has(url));
  return await fetched({ ...wire, source: { urls } }, read, cache, signal, tell);
}

/** Proofs that were made with a key do not verify: if it is in the cache, it is so no longer. @internal */
export async function putAway(wire: Pick<WireKey, 'by' | 'hash'>, key: wasm.Key): Promise<void> {
  await (await Kept.of(wire))?.remove(key.hash);
}

async function fetched(
  { source: { urls }, patience }: WireKey & { source: { urls: string[] } },
  read: (file: Uint8Array) => wasm.Key,
  cache: Kept | undefined,
  signal: AbortSignal,
  tell: (event: KeyEvent) => void,
): Promise<TakenKey> {
  const failures: { code: string; message: string; hint: string }[] = [];
  for (const url of urls) {
    try {
      const file = await download(url, patience, signal, tell);
      const key = read(file);
      return { key, bytes: file.length, kept: (await cache?.put(file, key.hash)) ? 'cache' : 'memory', from: url };
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (!isDamage(error)) throw error;
      const { code, message, hint } = error as SthenoError;
      failures.push({ code, message: message.startsWith(url) ? message : `${url}: ${message}`, hint });
    }
  }
  // That somebody serves a key that is not sound says more than that others serve none.
  const last = failures.find(({ code }) => code === 'proving_key_broken') ?? failures.at(-1);
  if (!last) throw failure('bad_argument', 'no address of the proving key was given', 'give one at least');
  throw failure(last.code, failures.map(({ message }) => message).join('; '), last.hint);
}

/** Whether another copy of the file could help. */
function isDamage(error: unknown): boolean {
  const code = (error as { code?: unknown } | undefined)?.code;
  const codes = ['source_unreachable', 'proving_key_mismatch', 'proving_key_truncated', 'proving_key_broken', 'proving_key_unknown'];
  return typeof code === 'string' && codes.includes(code);
}

function joined(hashes: Uint8Array[]): Uint8Array {
  const all = new Uint8Array(32 * hashes.length);
  hashes.forEach((hash, at) => all.set(hash, 32 * at));
  return all;
}

/** A file in the Cache API, where there is one: a browser, over https or on localhost. */
class Kept {
  #cache: Cache;
  #name: string;

  private constructor(cache: Cache, name: string) {
    this.#cache = cache;
    this.#name = name;
  }

  static async of({ by, hash }: Pick<WireKey, 'by' | 'hash'>): Promise<Kept | undefined> {
    const digits = [...hash].map((byte) => byte.toString(16).padStart(2, '0')).join('');
    try {
      // A name that nobody can own: it is never fetched.
      return new Kept(await caches.open(CACHE), `https://proving-key.invalid/${by}/${digits}`);
    } catch {
      return undefined;
    }
  }

  /** The file, and its own hash from when all of it was checked. */
  async take(): Promise<{ file: Uint8Array; checked?: Uint8Array } | undefined> {
    try {
      const response = await this.#cache.match(this.#name);
      if (!response) return undefined;
      const hash = response.headers.get(CHECKED);
      return { file: new Uint8Array(await response.arrayBuffer()), ...(hash && { checked: bytes32(hash, 'the hash') }) };
    } catch {
      return undefined;
    }
  }

  /** Whether it could be kept: a full disk is no reason not to prove. */
  async put(file: Uint8Array, hash: string): Promise<boolean> {
    try {
      // File and hash are one entry: neither is there without the other.
      await this.#cache.put(this.#name, new Response(file as Uint8Array<ArrayBuffer>, { headers: { [CHECKED]: hash } }));
      return true;
    } catch {
      return false;
    }
  }

  /** With a hash: unless the file is another one by now. */
  async remove(hash?: string): Promise<void> {
    try {
      const found = hash === undefined ? undefined : await this.#cache.match(this.#name);
      if (found && found.headers.get(CHECKED) !== hash) return;
      await this.#cache.delete(this.#name);
    } catch {
      // A cache that cannot be read gives no key either.
    }
  }
}
