import type { Engine } from './engine.js';
import { ahead } from './feeds.js';

/** A stream of what `take` gives; `over` is called once, at its end, however it ends. @internal */
export function streamOf(
  take: () => Promise<Uint8Array[] | undefined>,
  over: (reason?: unknown) => void,
): ReadableStream<Uint8Array> {
  const next = ahead(take);
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        let parts: Uint8Array[] | undefined;
        try {
          // A pull that enqueues nothing is not repeated.
          do parts = await next();
          while (parts?.length === 0);
        } catch (error) {
          over(error);
          throw error;
        }
        if (parts) return parts.forEach((part) => controller.enqueue(part));
        over();
        controller.close();
      },
      cancel: over,
    },
    { highWaterMark: 1 },
  );
}

interface Told {
  queue?: number;
  size?: number;
  done?: number;
}

/**
 * Runs work of the worker that fills a queue, as a stream. `begun` resolves when the work has begun to write, or
 * rejects when it never does; `done` when all of it was read.
 * @internal
 */
export function queued<T>(
  engine: Engine,
  name: string,
  value: object,
  options: { signal?: AbortSignal; onTold?(told: any): void; end(reason?: unknown): void },
): { begun: Promise<ReadableStream<Uint8Array>>; done: Promise<T> } {
  const giveUp = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, giveUp.signal]) : giveUp.signal;
  let begin!: (stream: ReadableStream<Uint8Array>) => void;
  let fail!: (error: unknown) => void;
  const begun = new Promise<ReadableStream<Uint8Array>>((resolve, reject) => ([begin, fail] = [resolve, reject]));
  let work: Promise<T>;
  const onEvent = (told: Told) => {
    if (told.queue !== undefined) begin(stream(told.queue));
    else options.onTold?.(told);
  };
  const stream = (queue: number) =>
    streamOf(
      () =>
        Promise.race([
          engine.peer.call<Uint8Array[] | undefined>('take', queue, { signal }),
          // What breaks the work breaks the stream.
          work.then(() => new Promise<never>(() => undefined)),
        ]),
      (reason) => {
        // Of no effect after the end.
        giveUp.abort();
        void engine.peer.call('release', queue).catch(() => undefined);
        options.end(reason);
      },
    );
  work = engine.peer.call<T>(name, value, { signal, onEvent });
  const done = work.finally(() => options.end());
  done.catch((error: unknown) => fail(error));
  begun.catch(() => undefined);
  return { begun, done };
}

