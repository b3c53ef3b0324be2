// The worker that proves: seeds and attributes live here for as long as a proof takes.

import type { Port } from '../peer.js';
import { serve } from './host.js';

if (typeof postMessage === 'function') {
  serve(globalThis as unknown as Port);
  postMessage({ type: 'ready' });
} else {
  // Node's, which is handed the port that it answers through.
  const { workerData } = await import(/* webpackIgnore: true */ /* @vite-ignore */ `node:${'worker_threads'}`);
  const { port } = workerData as { port: Port };
  serve(port);
  // There is nothing else that this thread would wait for.
  port.ref?.();
  port.postMessage({ type: 'ready' }, []);
}
