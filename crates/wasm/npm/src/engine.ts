import { failure } from './errors.js';
import { Queue, Spare } from './feeds.js';
import { Peer, type Handlers, type Port } from './peer.js';
import type { ProofStep, ProvingReader } from './readers.js';

/** How a network's keys and bulk work are kept away from the page. */
export interface EngineOptions {
  /** `false`: in this thread, as for a page that is itself a worker. By default in a worker of its own,
   * where one can be had. */
  worker?: boolean;
}

/** Where the WebAssembly runs, and the calls into it. @internal */
export class Engine {
  readonly peer: Peer;
  #worker: Worker | undefined;
  #lent = new Map<number, { queue: Queue; spare: Spare }>();
  #signers = new Map<number, (typedData: string) => Promise<string>>();
  #provers = new Map<number, ProvingReader>();
  #next = 1;

  private constructor(port: Port, worker?: Worker) {
    this.#worker = worker;
    const handlers: Handlers = {
      pull: async ({ id, back }: { id: number; back: ArrayBuffer[] }) => {
        const lent = this.#lent.get(id);
        if (!lent) throw takenBack();
        lent.spare.add(back);
        // A copy that moves: what the page's stream gives stays the page's, and cloning would copy it twice.
        const parts = await lent.queue.take();
        if (!parts) return {};
        const bytes = lent.spare.gather(parts);
        return { value: bytes, transfer: [bytes.buffer] };
      },
      sign: async ({ signer, typedData }: { signer: number; typedData: string }) => {
        const sign = this.#signers.get(signer);
        if (!sign) throw failure('closed', 'the wallet is gone', 'connect it again');
        return { value: await sign(typedData) };
      },
      proof: async ({ prover, step, task }: { prover: number; step: ProofStep; task: string }, { signal }) => {
        const reader = this.#provers.get(prover);
        if (!reader) throw failure('closed', 'the reader is gone', 'give another');
        return { value: await reader[step](JSON.parse(task), { signal }) };
      },
    };
    this.peer = new Peer(port, handlers);
    worker?.addEventListener('error', (event) => {
      this.peer.fail(failure('internal', `the worker failed: ${event.message}`, 'reload the page'));
    });
  }

  static async start(options: EngineOptions = {}): Promise<Engine> {
    const worker = options.worker === false ? undefined : await startWorker();
    if (worker) return new Engine(worker as unknown as Port, worker);
    const { serve } = await import('./host.js');
    const { port1, port2 } = new MessageChannel();
    serve(port2 as unknown as Port);
    return new Engine(port1 as unknown as Port);
  }

  /** Lets the other side read a stream, which is read ahead of it; returns its number and how to take it back. */
  lend(stream: ReadableStream<Uint8Array>): { id: number; end(reason?: unknown): void } {
    const id = this.#next++;
    const reader = stream.getReader();
    const queue = new Queue();
    this.#lent.set(id, { queue, spare: new Spare() });
    void readInto(queue, reader);
    return {
      id,
      end: (reason) => {
        this.#lent.delete(id);
        // Not as if it had ended: what is taken back is not whole.
        queue.fail(takenBack());
        reader.cancel(reason).catch(() => undefined);
      },
    };
  }

  /** Lets the other side ask a wallet for signatures. */
  introduce(sign: (typedData: string) => Promise<string>): number {
    const id = this.#next++;
    this.#signers.set(id, sign);
    return id;
  }

  /** Lets the other side ask for proofs. */
  introduceProver(reader: ProvingReader): number {
    const id = this.#next++;
    this.#provers.set(id, reader);
    return id;
  }

  /** Ends it: keys are wiped, and gone with the worker. */
  async stop(): Promise<void> {
    if (!this.#worker) await this.peer.call('end', undefined).catch(() => undefined);
    this.peer.fail(failure('closed', 'it was closed', 'connect again'));
    this.#worker?.terminate();
  }
}

function takenBack(): Error {
  return failure('closed', 'the stream was taken back', 'start again with another');
}

async function readInto(queue: Queue, reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return queue.end();
      if (!(value instanceof Uint8Array)) {
        throw failure('bad_argument', 'the stream gives something else than bytes', 'give a stream of Uint8Array');
      }
      await queue.push([value]);
    }
  } catch (error) {
    queue.fail(error);
  }
}

/** A worker that answers; nothing where there are none, or a bundler left its code out. */
function startWorker(): Promise<Worker | undefined> {
  if (typeof Worker === 'undefined') return Promise.resolve(undefined);
  return new Promise((resolve) => {
    let worker: Worker;
    try {
      worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module', name: 'stheno' });
    } catch {
      resolve(undefined);
      return;
    }
    const begun = (event: MessageEvent) => {
      if ((event.data as { type?: string }).type === 'ready') resolve(worker);
    };
    worker.addEventListener('message', begun, { once: true });
    worker.addEventListener(
      'error',
      () => {
        worker.terminate();
        resolve(undefined);
      },
      { once: true },
    );
  });
}

let shared: Promise<Engine> | undefined;

/** The one for what needs no network. @internal */
export function sharedEngine(): Promise<Engine> {
  if (!shared) {
    const starting = Engine.start();
    shared = starting;
    const forget = () => {
      if (shared === starting) shared = undefined;
    };
    starting.then((engine) => engine.peer.broken(forget), forget);
  }
  return shared;
}
