// The worker: everything that is secret lives here.

import { serve } from './host.js';
import type { Port } from './peer.js';

serve(globalThis as unknown as Port);
postMessage({ type: 'ready' });
