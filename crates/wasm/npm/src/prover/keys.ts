// Proving keys on their way in: from the browser's cache or from wherever they are served.

import { failure, SthenoError } from '../errors.js';
import { bytes32 } from './given.js';
import * as wasm from './wasm.js';

/** Where a key's file lies, as it crosses: addresses, the first that serves it is taken; or the file. @internal */
export type WireKeySource = { urls: string[] } | { file: Blob };

/** A key that is asked for: by its own hash or by that of its other half. @internal */
export interface WireKey {
  source: WireKeySource;
  by: 'hash' | 'verifyingHash';
  hash: Uint8Array;
  /** Hashes of files whose points need not be checked: the caller knows them. */
  trusted?: Uint8Array[];
  development: boolean;
}

/** What is going on with it. @internal */
export type KeyEvent = { phase: 'fetch'; done: number; total?: number } | { phase: 'read' };

/** A key that was taken, and where its file is now. @internal */
export interface TakenKey {
  key: wasm.Key;
  bytes: number;
  kept: 'cache' | 'memory';
}

const CACHE = 'stheno-proving-keys';
/** Beside a cached file: its SHA-256, once it was checked. */
const CHECKED = 'stheno-checked-sha256';
/** Ten times the largest that is offered. */
const MOST = 64 << 20;

/** Takes a key. Whatever the file comes from, it is compared with the hash. @internal */
export async function take(wire: WireKey, signal: AbortSignal, tell: (event: KeyEvent) => void): Promise<TakenKey> {
  const read = (file: Uint8Array, checked: Uint8Array[] = wire.trusted ?? []): wasm.Key => {
    tell({ phase: 'read' });
    if (wire.by === 'hash') return wasm.Key.pinned(file, wire.hash, wire.development);
    return wasm.Key.checked(file, wire.hash, joined(checked), wire.development);
  };
  if ('file' in wire.source) {
    const file = await whole(wire.source.file.stream(), wire.source.file.size, 'the file', signal, tell);
    return { key: read(file), bytes: file.length, kept: 'memory' };
  }
  const cache = await Kept.of(wire);
  const kept = await cache?.take();
  if (kept) {
    try {
      return { key: read(kept.file, kept.checked), bytes: kept.file.length, kept: 'cache' };
    } catch (error) {
      // It is what fits the hash that was cached: unless something else is wrong, the disk is.
      if (!isDamage(error)) throw error;
      await cache?.remove();
    }
  }
  return await fetched(wire.source.urls, read, cache, signal, tell);
}

async function fetched(
  urls: string[],
  read: (file: Uint8Array) => wasm.Key,
  cache: Kept | undefined,
  signal: AbortSignal,
  tell: (event: KeyEvent) => void,
): Promise<TakenKey> {
  const failures: { code: string; message: string; hint: string }[] = [];
  for (const url of urls) {
    try {
      const file = await download(url, signal, tell);
      const key = read(file);
      return { key, bytes: file.length, kept: (await cache?.put(file, key.hash)) ? 'cache' : 'memory' };
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (!isDamage(error)) throw error;
      const { code, message, hint } = error as SthenoError;
      failures.push({ code, message: message.startsWith(url) ? message : `${url}: ${message}`, hint });
    }
  }
  const last = failures.at(-1);
  if (!last) throw failure('bad_argument', 'no address of the proving key was given', 'give one at least');
  throw failure(last.code, failures.map(({ message }) => message).join('; '), last.hint);
}

/** Whether another copy of the file could help. */
function isDamage(error: unknown): boolean {
  const code = (error as { code?: unknown } | undefined)?.code;
  const codes = ['source_unreachable', 'proving_key_mismatch', 'proving_key_truncated', 'proving_key_broken', 'proving_key_unknown'];
  return typeof code === 'string' && codes.includes(code);
}

async function download(url: string, signal: AbortSignal, tell: (event: KeyEvent) => void): Promise<Uint8Array> {
  const unreachable = (why: string) =>
    failure('source_unreachable', `${url}: ${why}`, 'check the address; its server must allow this page (CORS)');
  let response: Response;
  try {
    response = await fetch(url, { signal, credentials: 'omit' });
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw unreachable((error as Error).message);
  }
  if (!response.ok || !response.body) throw unreachable(`HTTP status ${response.status}`);
  // Of what is compressed on its way the length is another.
  const says = response.headers.get('content-encoding') ? null : response.headers.get('content-length');
  try {
    return await whole(response.body, says === null ? undefined : Number(says), url, signal, tell);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw error instanceof SthenoError ? error : unreachable((error as Error).message);
  }
}

/** All of a stream, with progress. */
async function whole(
  stream: ReadableStream<Uint8Array>,
  total: number | undefined,
  name: string,
  signal: AbortSignal,
  tell: (event: KeyEvent) => void,
): Promise<Uint8Array> {
  const reader = stream.getReader();
  const parts: Uint8Array[] = [];
  let done = 0;
  try {
    for (;;) {
      tell({ phase: 'fetch', done, total });
      if (Math.max(done, total ?? 0) > MOST) {
        throw failure('proving_key_mismatch', `${name}: more than ${MOST >> 20} MiB, which no proving key has`, 'check the address');
      }
      const next = await reader.read();
      signal.throwIfAborted();
      if (next.done) break;
      parts.push(next.value);
      done += next.value.length;
    }
  } catch (error) {
    reader.cancel(error).catch(() => undefined);
    throw error;
  }
  if (total !== undefined && done !== total) {
    throw failure('proving_key_truncated', `${name}: ended after ${done} of ${total} bytes`, 'fetch the key again');
  }
  const file = new Uint8Array(done);
  let at = 0;
  for (const part of parts) {
    file.set(part, at);
    at += part.length;
  }
  return file;
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

  static async of({ by, hash }: WireKey): Promise<Kept | undefined> {
    const digits = [...hash].map((byte) => byte.toString(16).padStart(2, '0')).join('');
    try {
      // A name that nobody can own: it is never fetched.
      return new Kept(await caches.open(CACHE), `https://proving-key.invalid/${by}/${digits}`);
    } catch {
      return undefined;
    }
  }

  /** The file, and its own hash from when all of it was checked. */
  async take(): Promise<{ file: Uint8Array; checked: Uint8Array[] } | undefined> {
    try {
      const response = await this.#cache.match(this.#name);
      if (!response) return undefined;
      const hash = response.headers.get(CHECKED);
      return { file: new Uint8Array(await response.arrayBuffer()), checked: hash ? [bytes32(hash, 'the hash')] : [] };
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

  async remove(): Promise<void> {
    await this.#cache.delete(this.#name).catch(() => false);
  }
}
