// A proving key's file from a server, which may be ill or mean it ill: it has no more time, and no more memory, than a key takes.

import { failure, SthenoError } from '../errors.js';
import type { KeyEvent } from './keys.js';

/** How patient a download is, in ms. @internal */
export interface Patience {
  /** For a server to answer, and for the next bytes. */
  stall: number;
  /** For all of them. */
  total: number;
}

/** The largest key that is offered, within the total at 21 kB a second. @internal */
export const PATIENCE: Patience = { stall: 30_000, total: 300_000 };
/** Ten times the largest that is offered. */
const MOST = 64 << 20;

/** @internal */
export async function download(url: string, patience: Patience, signal: AbortSignal, tell: (event: KeyEvent) => void): Promise<Uint8Array> {
  const unreachable = (why: string) =>
    failure('source_unreachable', `${url}: ${why}`, 'check the address; its server must allow this page (CORS)');
  const watch = new Watch(patience, signal);
  try {
    const response = await fetch(url, { signal: watch.signal, credentials: 'omit' });
    if (!response.ok || !response.body) throw unreachable(`HTTP status ${response.status}`);
    watch.came();
    // Of what is compressed on its way the length is another.
    const says = response.headers.get('content-encoding') ? null : response.headers.get('content-length');
    return await whole(response.body, says === null ? undefined : Number(says), url, watch.signal, (event) => {
      watch.came();
      tell(event);
    });
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (watch.late) throw unreachable(watch.late);
    throw error instanceof SthenoError ? error : unreachable((error as Error).message);
  } finally {
    watch.stop();
  }
}

/** Ends what stalls, or takes too long in all; and what somebody gives up. */
class Watch {
  readonly #controller = new AbortController();
  readonly #patience: Patience;
  readonly #given: AbortSignal;
  readonly #giveUp = () => this.#controller.abort(this.#given.reason);
  readonly #total: ReturnType<typeof setTimeout>;
  #stall: ReturnType<typeof setTimeout> | undefined;
  /** Why it was ended here. */
  late: string | undefined;

  constructor(patience: Patience, given: AbortSignal) {
    this.#patience = patience;
    this.#given = given;
    given.addEventListener('abort', this.#giveUp, { once: true });
    if (given.aborted) this.#giveUp();
    this.#total = setTimeout(() => this.#end(`not all of it came in ${patience.total / 1_000} s`), patience.total);
    this.came();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Something came. */
  came(): void {
    const { stall } = this.#patience;
    clearTimeout(this.#stall);
    this.#stall = setTimeout(() => this.#end(`nothing came for ${stall / 1_000} s`), stall);
  }

  stop(): void {
    clearTimeout(this.#stall);
    clearTimeout(this.#total);
    this.#given.removeEventListener('abort', this.#giveUp);
  }

  #end(why: string): void {
    this.late ??= why;
    this.#controller.abort();
  }
}

/** All of a stream, with progress. @internal */
export async function whole(
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
