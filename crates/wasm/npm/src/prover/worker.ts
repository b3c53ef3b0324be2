// The worker that proves: seeds and attributes live here for as long as a proof takes.

import type { Port } from '../peer.js';
import { serve } from './host.js';

if (typeof postMessage === 'function') {
  serve(globalThis as unknown as Port);
  postMessage({ type: 'ready' });
} else {
  void serveInNode();
}

/** Node's worker is handed the port that it answers through. Awaited in here: bundlers make workers that are no modules. */
async function serveInNode(): Promise<void> {
  const { workerData } = await import(/* webpackIgnore: true */ /* @vite-ignore */ `node:${'worker_threads'}`);
  const { port } = workerData as { port: Port };
  serve(port);
  // There is nothing else that this thread would wait for.
  port.ref?.();
  port.postMessage({ type: 'ready' }, []);
}
