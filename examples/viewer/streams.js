// The page's side of sw.js: files under addresses of their own, for players and downloads.

import { Problem } from './link.js';

const KEEP_ALIVE = 10_000;
const WAIT_FOR_CONTROL = 10_000;
/** What is given out: by id, a file and what is said of it. */
const given = new Map();

/** Whether this page can have a service worker at all. */
export const canStream = () => 'serviceWorker' in navigator && isSecureContext;

/** Starts the service worker. Rejects where there can be none. */
export async function startStreams() {
  if (!canStream()) throw new Problem('no_worker');
  const workers = navigator.serviceWorker;
  workers.onmessage = ({ data, ports: [port] }) => port && data?.ask === 'about' && hear(data.id, port);
  workers.startMessages();
  await workers.register(new URL('sw.js', document.baseURI).href);
  const { active } = await workers.ready;
  if (workers.controller) return;
  await new Promise((resolve, reject) => {
    workers.addEventListener('controllerchange', resolve, { once: true });
    setTimeout(() => reject(new Problem('no_worker')), WAIT_FOR_CONTROL);
    active.postMessage('claim');
  });
}

/** Gives a file out: `about` has size, type, name, and whether it is to be saved. */
export function give(file, about, progress = {}) {
  const id = crypto.randomUUID();
  const leave = new AbortController();
  given.set(id, { file, about: { size: file.size, ...about }, leave, progress });
  const take = () => {
    leave.abort();
    given.delete(id);
  };
  return { url: new URL(`stream/${id}/${encodeURIComponent(about.name)}`, document.baseURI).href, take };
}

/** Keeps the service worker running until `done`, which a browser would otherwise end in the middle. */
export function keepAwake() {
  const timer = setInterval(() => navigator.serviceWorker.controller?.postMessage('alive'), KEEP_ALIVE);
  return () => clearInterval(timer);
}

/** Answers one request, over its own port. */
function hear(id, port) {
  const stream = given.get(id);
  if (!stream) return port.postMessage({ nobody: true });
  const stop = new AbortController();
  const signal = AbortSignal.any([stop.signal, stream.leave.signal]);
  let reader;
  const reply = (bytes) => {
    const whole = bytes && (bytes.byteLength === bytes.buffer.byteLength ? bytes.buffer : bytes.slice().buffer);
    port.postMessage({ bytes: whole }, whole ? [whole] : []);
  };
  port.onmessage = async ({ data }) => {
    try {
      if (data.ask === 'stop') return stop.abort();
      signal.throwIfAborted();
      if (data.ask === 'bytes') return reply(await stream.file.range(data.start, data.end, { signal }));
      reader ??= stream.file.stream({ ...stream.progress, signal }).getReader();
      const { value, done } = await reader.read();
      reply(done ? undefined : value);
      if (done) stream.progress.onDone?.();
    } catch (error) {
      port.postMessage({ error: error.message || error.name });
      if (error.name !== 'AbortError') stream.progress.onError?.(error);
    }
  };
  signal.addEventListener('abort', () => {
    port.postMessage({ error: 'The file was put away.' });
    port.close();
    stream.progress.onStop?.();
  });
  return port.postMessage({ about: stream.about });
}
