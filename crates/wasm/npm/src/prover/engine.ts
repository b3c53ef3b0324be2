import { failure, type SthenoError } from '../errors.js';
import { Peer, type Port } from '../peer.js';

/** Where the module that proves runs. It can be ended at any time, whatever it is doing. @internal */
export class ProverEngine {
  readonly peer: Peer;
  readonly #end: (() => void) | undefined;

  private constructor(port: Port, end?: () => void) {
    this.peer = new Peer(port, {});
    this.#end = end;
  }

  /** Whether it has no worker that could be ended. */
  get isInThread(): boolean {
    return !this.#end;
  }

  static async start(inWorker: boolean): Promise<ProverEngine> {
    return (inWorker && ((await webWorker()) ?? (await nodeWorker()))) || (await inline());
  }

  /** What answers at this port, and how it is ended. */
  static of(port: Port, end?: () => void): ProverEngine {
    return new ProverEngine(port, end);
  }

  /** Ends it; with it goes everything that it has. What it is asked still ends with `reason`. */
  stop(reason: SthenoError): void {
    this.peer.fail(reason);
    this.#end?.();
  }

  /** It ended by itself. */
  failed(message: string): void {
    this.peer.fail(failure('prover_failed', `the worker that proves failed: ${message}`, 'try again'));
  }
}

/** Nothing where there are no workers, or a bundler left its code out. */
function webWorker(): Promise<ProverEngine | undefined> {
  if (typeof Worker === 'undefined') return Promise.resolve(undefined);
  return new Promise((resolve) => {
    let worker: Worker;
    try {
      worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module', name: 'stheno prover' });
    } catch {
      resolve(undefined);
      return;
    }
    const failed = () => {
      worker.terminate();
      resolve(undefined);
    };
    const begun = () => {
      worker.removeEventListener('error', failed);
      const engine = ProverEngine.of(worker as unknown as Port, () => worker.terminate());
      worker.addEventListener('error', (event) => engine.failed(event.message));
      resolve(engine);
    };
    worker.addEventListener('message', begun, { once: true });
    worker.addEventListener('error', failed, { once: true });
  });
}

async function nodeWorker(): Promise<ProverEngine | undefined> {
  if (typeof process === 'undefined' || !process.versions?.node) return undefined;
  const threads = await import(/* webpackIgnore: true */ /* @vite-ignore */ `node:${'worker_threads'}`);
  // Named apart, so that bundlers for browsers do not take it for one of theirs.
  const script = './worker.js';
  const { port1, port2 } = new MessageChannel();
  try {
    const url = new URL(/* @vite-ignore */ script, import.meta.url);
    const worker = new threads.Worker(url, { workerData: { port: port2 }, transferList: [port2], execArgv: [] });
    worker.unref();
    await new Promise((begun, failed) => {
      port1.onmessage = begun;
      worker.once('error', failed);
      worker.once('exit', failed);
    });
    const engine = ProverEngine.of(port1 as unknown as Port, () => void worker.terminate());
    worker.on('error', (error: Error) => engine.failed(error.message));
    worker.on('exit', () => engine.failed('it ended'));
    return engine;
  } catch {
    port1.close();
    return undefined;
  }
}

/** In this thread, which stands still while it proves. */
async function inline(): Promise<ProverEngine> {
  const { serve } = await import('./host.js');
  const { port1, port2 } = new MessageChannel();
  serve(port2 as unknown as Port);
  return ProverEngine.of(port1 as unknown as Port);
}
