// Bytes between the WebAssembly and a stream of the page. @internal

/** Bytes that are pushed on one side and taken on the other; the pusher waits when it is ahead. @internal */
export class Queue {
  #items: Uint8Array[] = [];
  #ended = false;
  #failed?: { error: unknown };
  #wake?: () => void;
  #room?: () => void;

  push(bytes: Uint8Array): Promise<void> {
    this.#items.push(bytes);
    this.#wake?.();
    if (this.#items.length < 2) return Promise.resolve();
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

  /** The next bytes; nothing at the end. */
  async take(): Promise<Uint8Array | undefined> {
    for (;;) {
      if (this.#failed) throw this.#failed.error;
      const next = this.#items.shift();
      if (next) {
        this.#room?.();
        return next;
      }
      if (this.#ended) return undefined;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

/** How much of a `Blob` is read at once. */
const PART = 1 << 20;

/** Reads a `Blob` in order. @internal */
export function blobReader(blob: Blob): () => Promise<Uint8Array | undefined> {
  let at = 0;
  return async () => {
    if (at >= blob.size) return undefined;
    const part = blob.slice(at, at + PART);
    at += part.size;
    return new Uint8Array(await part.arrayBuffer());
  };
}

/** Reads bytes in order. @internal */
export function bytesReader(bytes: Uint8Array): () => Promise<Uint8Array | undefined> {
  let at = 0;
  return () => {
    const part = bytes.subarray(at, at + PART);
    at += part.length;
    return Promise.resolve(part.length > 0 ? part : undefined);
  };
}

/** Reads a stream in order. @internal */
export function streamReader(stream: ReadableStream<Uint8Array>): () => Promise<Uint8Array | undefined> {
  const reader = stream.getReader();
  return async () => (await reader.read()).value;
}

/** Gives `start` first, then the rest. @internal */
export function after(
  start: Uint8Array,
  rest: () => Promise<Uint8Array | undefined>,
): () => Promise<Uint8Array | undefined> {
  let left: Uint8Array | undefined = start.length > 0 ? start : undefined;
  return () => {
    const first = left;
    left = undefined;
    return first ? Promise.resolve(first) : rest();
  };
}
