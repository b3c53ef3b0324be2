// Files of servers that give out no parts: fetched whole, if they are not too large for that.

import { Problem } from './link.js';

const MOST = 256 * 1024 * 1024;

/** The bytes at an address, which the browser keeps on the disk when they are many. */
export async function fetchWhole(url, signal) {
  const response = await fetch(url, { signal, credentials: 'omit', redirect: 'error', cache: 'no-store' })
    .catch((error) => { throw error.name === 'AbortError' ? error : new Problem('source_unreachable'); });
  if (!response.ok) throw new Problem('source_refused', `${response.status}`);
  let left = MOST;
  const limited = response.body.pipeThrough(new TransformStream({
    transform(chunk, controller) {
      left -= chunk.byteLength;
      if (left < 0) throw new Problem('ranges_not_served');
      controller.enqueue(chunk);
    },
  }));
  return new Response(limited).blob();
}
