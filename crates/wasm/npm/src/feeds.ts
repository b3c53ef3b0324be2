// Bytes between the WebAssembly and a stream of the page. @internal

/** How much may wait to be taken. */
const AHEAD = 4 << 20;

/** Bytes that are pushed on one side and taken on the other; the pusher waits when it is ahead. @internal */
export class Queue {
  #parts: Uint8Array[] = [];
  #held = 0;
  #ended = false;
  #failed?: { error: unknown };
  #wake?: () => void;
  #room?: () => void;

  push(parts: Uint8Array[]): Promise<void> {
    for (const part of parts) {
      if (part.length > 0) this.#parts.push(part);
      this.#held += part.length;
    }
    this.#wake?.();
    if (this.#held < AHEAD) return Promise.resolve();
    return new Promise((resolve) => (this.#room = resolve));
  }

  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  fail(error: unknown): void {
    this.#failed = { error };
    this.#wake?.();
  }

  /** All that is there, as soon as there is something; nothing at the end. */
  async take(): Promise<Uint8Array[] | undefined> {
    for (;;) {
      if (this.#parts.length > 0) {
        const parts = this.#parts;
        this.#parts = [];
        this.#held = 0;
        this.#room?.();
        return parts;
      }
      if (this.#failed) throw this.#failed.error;
      if (this.#ended) return undefined;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

/** The largest buffer that is kept to be used again, and how many. */
const SPARE = { bytes: 8 << 20, buffers: 4 };

/** Buffers to be used again: memory that is new costs a browser more than the bytes that are put there. @internal */
export class Spare {
  #buffers: ArrayBuffer[] = [];

  add(buffers: ArrayBuffer[]): void {
    this.#buffers.push(...buffers.filter(({ byteLength }) => byteLength <= SPARE.bytes));
    this.#buffers.sort((a, b) => a.byteLength - b.byteLength);
    this.#buffers.splice(0, this.#buffers.length - SPARE.buffers);
  }

  /** A copy of all parts, in a buffer of its own, which may be longer. */
  gather(parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    const at = this.#buffers.findIndex(({ byteLength }) => byteLength >= length);
    const [buffer = new ArrayBuffer(length)] = at < 0 ? [] : this.#buffers.splice(at, 1);
    const copy = new Uint8Array(buffer, 0, length);
    let end = 0;
    for (const part of parts) {
      copy.set(part, end);
      end += part.length;
    }
    return copy;
  }
}

/** Bytes in order, one call after the other; who calls gives back the buffers that it has done with. @internal */
export type Pull = (back?: ArrayBuffer[]) => Promise<Uint8Array | undefined>;

/** How much of a `Blob` is read at once. */
const PART = 1 << 20;

/** Reads a `Blob` in order. @internal */
export function blobReader(blob: Blob): Pull {
  let at = 0;
  return ahead(async () => {
    if (at >= blob.size) return undefined;
    const part = blob.slice(at, at + PART);
    at += part.size;
    return new Uint8Array(await part.arrayBuffer());
  });
}

/** Asks for what is next before the last is used up. @internal */
export function ahead<T>(pull: () => Promise<T | undefined>): () => Promise<T | undefined> {
  let next: Promise<T | undefined> | undefined;
  return async () => {
    const bytes = await (next ?? pull());
    next = bytes && pull();
    // Told when it is asked for.
    next?.catch(() => undefined);
    return bytes;
  };
}

/** Reads bytes in order. @internal */
export function bytesReader(bytes: Uint8Array): Pull {
  let at = 0;
  return () => {
    const part = bytes.subarray(at, at + PART);
    at += part.length;
    return Promise.resolve(part.length > 0 ? part : undefined);
  };
}

/** Reads a stream in order. @internal */
export function streamReader(stream: ReadableStream<Uint8Array>): Pull {
  const reader = stream.getReader();
  return async () => (await reader.read()).value;
}

/** Gives `start` first, then the rest. @internal */
export function after(start: Uint8Array, rest: Pull): Pull {
  let left: Uint8Array | undefined = start.length > 0 ? start : undefined;
  return (back) => {
    const first = left;
    left = undefined;
    return first ? Promise.resolve(first) : rest(back);
  };
}
