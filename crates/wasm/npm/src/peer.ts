import { fromThrown, toThrown, failure, type Thrown } from './errors.js';

/** Whatever messages go through: a worker, its inside, or a `MessagePort`. @internal */
export interface Port {
  postMessage(message: unknown, transfer: Transferable[]): void;
  onmessage: ((event: MessageEvent) => void) | null;
  /** Node's: whether the process waits for it. */
  ref?(): void;
  unref?(): void;
}

type Message =
  | { type: 'call'; id: number; name: string; value: unknown }
  | { type: 'done'; id: number; value: unknown }
  | { type: 'failed'; id: number; thrown: Thrown }
  | { type: 'abort'; id: number }
  | { type: 'event'; id: number; value: unknown };

/** What a call is answered with; `transfer` moves instead of being copied. @internal */
export interface Answer {
  value?: unknown;
  transfer?: Transferable[];
}

/** @internal */
export interface Context {
  signal: AbortSignal;
  tell(value: unknown): void;
}

/** @internal */
export type Handlers = Record<string, (value: any, context: Context) => Promise<Answer | void> | Answer | void>;

interface Pending {
  resolve(value: unknown): void;
  reject(error: Error): void;
  onEvent?: ((value: any) => void) | undefined;
  stop(): void;
}

/**
 * One of two sides that call each other's functions by messages. A call can be aborted, and can tell
 * what is going on before it is done.
 * @internal
 */
export class Peer {
  #port: Port;
  #handlers: Handlers;
  #next = 1;
  #pending = new Map<number, Pending>();
  #running = new Map<number, AbortController>();
  #broken?: Error;
  #whenBroken?: () => void;

  constructor(port: Port, handlers: Handlers) {
    this.#port = port;
    this.#handlers = handlers;
    port.onmessage = (event) => this.#take(event.data as Message);
    port.unref?.();
  }

  /** Calls a function of the other side. */
  call<T>(
    name: string,
    value: unknown,
    options: { signal?: AbortSignal | undefined; onEvent?: ((value: any) => void) | undefined; transfer?: Transferable[] } = {},
  ): Promise<T> {
    const { signal, onEvent, transfer = [] } = options;
    if (this.#broken) return Promise.reject(this.#broken);
    if (signal?.aborted) return Promise.reject(abortError(signal));
    const id = this.#next++;
    return new Promise<T>((resolve, reject) => {
      const abort = () => {
        this.#settle(id)?.reject(abortError(signal));
        this.#post({ type: 'abort', id });
      };
      signal?.addEventListener('abort', abort, { once: true });
      this.#pending.set(id, {
        resolve: resolve as (value: unknown) => void,
        reject,
        onEvent,
        stop: () => signal?.removeEventListener('abort', abort),
      });
      this.#port.ref?.();
      try {
        this.#post({ type: 'call', id, name, value }, transfer);
      } catch (error) {
        this.#settle(id)?.reject(error as Error);
      }
    });
  }

  /** Calls `then` when the other side is gone. */
  broken(then: () => void): void {
    this.#whenBroken = then;
  }

  /** The other side is gone. */
  fail(error: Error): void {
    this.#broken = error;
    this.#whenBroken?.();
    for (const id of [...this.#pending.keys()]) this.#settle(id)?.reject(error);
  }

  #post(message: Message, transfer: Transferable[] = []): void {
    this.#port.postMessage(message, transfer);
  }

  #settle(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    pending?.stop();
    if (this.#pending.size === 0) this.#port.unref?.();
    return pending;
  }

  #take(message: Message): void {
    switch (message.type) {
      case 'call':
        void this.#run(message.id, message.name, message.value);
        break;
      case 'done':
        this.#settle(message.id)?.resolve(message.value);
        break;
      case 'failed':
        this.#settle(message.id)?.reject(fromThrown(message.thrown));
        break;
      case 'abort':
        this.#running.get(message.id)?.abort(new DOMException('The operation was aborted.', 'AbortError'));
        break;
      case 'event':
        this.#pending.get(message.id)?.onEvent?.(message.value);
        break;
    }
  }

  async #run(id: number, name: string, value: unknown): Promise<void> {
    const controller = new AbortController();
    this.#running.set(id, controller);
    try {
      const handler = this.#handlers[name];
      if (!handler) throw failure('internal', `nobody answers to ${name}`, 'this is a fault of the package');
      const tell = (told: unknown) => this.#post({ type: 'event', id, value: told });
      const answer = (await handler(value, { signal: controller.signal, tell })) ?? {};
      this.#post({ type: 'done', id, value: answer.value }, answer.transfer);
    } catch (error) {
      this.#post({ type: 'failed', id, thrown: toThrown(error) });
    } finally {
      this.#running.delete(id);
    }
  }
}

/** @internal */
export function abortError(signal?: AbortSignal): Error {
  const reason: unknown = signal?.reason;
  return reason instanceof Error ? reason : new DOMException('The operation was aborted.', 'AbortError');
}
