import type { Engine } from './engine.js';
import { failure } from './errors.js';
import { streamOf } from './streams.js';
import type { Abortable, Inspection, Progress } from './types.js';

/** @internal */
export interface OpenedRecord {
  file: number;
  size: number;
  about: Inspection;
}

const forgotten = new FinalizationRegistry<() => void>((release) => release());

/** A file that was opened. Its key is in the worker until `close`. */
export class EncryptedFile {
  /** Bytes of plaintext; the file's end has authenticated. */
  readonly size: number;
  /** What its header says. */
  readonly about: Inspection;
  readonly #engine: Engine;
  readonly #file: number;
  #closed = false;

  /** @internal */
  constructor(engine: Engine, opened: OpenedRecord) {
    this.#engine = engine;
    this.#file = opened.file;
    this.size = opened.size;
    this.about = opened.about;
    const { file } = opened;
    forgotten.register(this, () => void engine.peer.call('release', file).catch(() => undefined), this);
  }

  /** All of it or a part (`end` exclusive), decrypted as it is read. Every byte that comes has
   * authenticated. */
  stream(
    options: { start?: number; end?: number; onProgress?(progress: Progress): void } & Abortable = {},
  ): ReadableStream<Uint8Array> {
    const { start = 0, end = this.size, onProgress, signal } = options;
    const { peer } = this.#engine;
    let parts: Promise<number> | undefined;
    let done = 0;
    const over = () => {
      void parts?.then((id) => peer.call('release', id)).catch(() => undefined);
    };
    return streamOf(async () => {
      parts ??= this.#range(start, end, signal);
      const next = await peer.call<Uint8Array[] | undefined>('next', await parts, { signal });
      for (const part of next ?? []) done += part.length;
      if (next) onProgress?.({ done, total: end - start });
      return next;
    }, over);
  }

  /** A part of it, for parts that fit in memory. */
  async range(start: number, end: number, options: Abortable = {}): Promise<Uint8Array> {
    check(start, end);
    // The file is the size that it says; what is beyond it is refused when it is asked for.
    const bytes = new Uint8Array(Math.max(0, Math.min(end, this.size) - start));
    let at = 0;
    for await (const part of iterated(this.stream({ start, end, ...options }))) {
      bytes.set(part, at);
      at += part.length;
    }
    return bytes;
  }

  /** All of it, for files that fit in memory. */
  bytes(options: Abortable = {}): Promise<Uint8Array> {
    return this.range(0, this.size, options);
  }

  /** All of it as a `Blob`. */
  async blob(type = this.about.metadata.type ?? '', options: Abortable = {}): Promise<Blob> {
    const parts: BlobPart[] = [];
    for await (const part of iterated(this.stream(options))) parts.push(part as Uint8Array<ArrayBuffer>);
    return new Blob(parts, { type });
  }

  /** Wipes the key. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    forgotten.unregister(this);
    await this.#engine.peer.call('release', this.#file);
  }

  async #range(start: number, end: number, signal?: AbortSignal): Promise<number> {
    check(start, end);
    return this.#engine.peer.call<number>('range', { file: this.#file, start, end }, { signal });
  }
}

function check(start: number, end: number): void {
  if (Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= 0 && start <= end) return;
  throw failure('bad_argument', `no range: ${start} to ${end}`, 'give whole numbers of bytes, from 0, in order');
}

/** Safari's streams cannot be iterated. @internal */
export async function* iterated(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    reader.cancel().catch(() => undefined);
  }
}
