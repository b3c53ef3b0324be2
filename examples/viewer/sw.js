// The service worker: answers `./stream/<id>/<name>` with plaintext that the page decrypts.
//
// It has no key and keeps nothing. Pages that are open are asked over a MessageChannel who has
// `<id>`; that page then answers ranges, or one chunk after the other. Everything else goes to the
// network as if this worker were not there.

/** Most bytes of an answer to a Range request; players ask on. */
const MOST = 2 * 1024 * 1024;
const WAIT_FOR_HOLDER = 10_000;
const WAIT_FOR_BYTES = 120_000;
const LOOK_FOR_PAGE = 2_000;

self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));
// `claim` by a page that is not controlled; `alive` only keeps this worker running during a download.
self.addEventListener('message', (event) => {
  if (event.data === 'claim') event.waitUntil(self.clients.claim());
});

self.addEventListener('fetch', (event) => {
  const url = new URL(event.request.url);
  const under = new URL('stream/', self.registration.scope);
  if (!url.href.startsWith(under.href)) return;
  const id = url.pathname.slice(under.pathname.length).split('/')[0];
  event.respondWith(answer(event.request, id).catch((error) => words(503, error.message)));
});

async function answer(request, id) {
  if (request.method !== 'GET') return words(405, 'Only GET is answered here.');
  const holder = await holderOf(id);
  if (!holder) return words(503, 'No open page has this file. Open it again in the viewer.');
  const { size } = holder.about;
  request.signal.addEventListener('abort', () => holder.leave());
  const range = rangeOf(request.headers.get('range'), size);
  if (!range) return new Response(allOf(holder), { headers: headers(holder.about, size) });
  if (range.start >= size) {
    holder.leave();
    return words(416, 'The file has no such part.', { 'content-range': `bytes */${size}` });
  }
  const end = Math.min(range.end, range.start + MOST, size);
  const bytes = await holder.ask({ ask: 'bytes', start: range.start, end });
  holder.leave();
  return new Response(bytes, {
    status: 206,
    headers: { ...headers(holder.about, end - range.start), 'content-range': `bytes ${range.start}-${end - 1}/${size}` },
  });
}

/** One range, end exclusive. Nothing of another form: then all is sent, as RFC 9110 lets one do. */
function rangeOf(header, size) {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? [];
  if (first === undefined || (first === '' && last === '')) return undefined;
  if (first === '') return { start: size ? Math.max(0, size - Number(last)) : 0, end: size };
  const range = { start: Number(first), end: last === '' ? size : Number(last) + 1 };
  return range.end > range.start || range.start >= size ? range : undefined;
}

/** All of it, each chunk asked for when the reader of the stream wants it. */
function allOf(holder) {
  return new ReadableStream({
    async pull(controller) {
      const chunk = await holder.ask({ ask: 'next' });
      if (chunk) return controller.enqueue(new Uint8Array(chunk));
      holder.leave();
      return controller.close();
    },
    cancel: () => holder.leave(),
  }, { highWaterMark: 1 });
}

function headers({ type, name, attachment }, length) {
  const file = encodeURIComponent(name).replace(/['()*]/g, (char) => `%${char.charCodeAt(0).toString(16)}`);
  return {
    'content-type': attachment ? 'application/octet-stream' : type,
    'content-length': String(length),
    'content-disposition': attachment ? `attachment; filename*=UTF-8''${file}` : 'inline',
    'accept-ranges': 'bytes',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'content-security-policy': `default-src 'none'${attachment ? '' : '; sandbox'}`,
    'cross-origin-resource-policy': 'same-origin',
  };
}

const words = (status, text, more) => new Response(`${text}\n`, {
  status,
  headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', ...more },
});

/** The page that has this file, in conversation; none if none says so in time. */
async function holderOf(id) {
  const pages = await self.clients.matchAll({ type: 'window', includeUncontrolled: true });
  return new Promise((found) => {
    let silent = pages.length;
    const nobody = () => found(undefined);
    if (!silent) nobody();
    setTimeout(nobody, WAIT_FOR_HOLDER);
    for (const page of pages) {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = ({ data }) => {
        silent -= 1;
        if (data.about) found(conversation(page, port1, data.about));
        else if (!silent) nobody();
      };
      page.postMessage({ ask: 'about', id }, [port2]);
    }
  });
}

/** One question at a time, each answered, refused, or given up when the page is gone. */
function conversation(page, port, about) {
  let over;
  let settle;
  const end = (error) => {
    over ??= error;
    settle?.({ error });
  };
  port.onmessage = ({ data }) => {
    if (data.error === undefined) settle?.(data);
    else end(data.error);
  };
  const leave = () => {
    port.postMessage({ ask: 'stop' });
    port.close();
    end('Nobody listens any more.');
  };
  const ask = async (question) => {
    if (over) throw new Error(over);
    const began = Date.now();
    const look = setInterval(async () => {
      const gone = !(await self.clients.get(page.id));
      if (gone || Date.now() - began > WAIT_FOR_BYTES) end('The page does not answer any more.');
    }, LOOK_FOR_PAGE);
    const answered = new Promise((resolve) => { settle = resolve; });
    port.postMessage(question);
    const { bytes, error } = await answered.finally(() => clearInterval(look));
    if (error !== undefined) throw new Error(error);
    return bytes;
  };
  return { about, ask, leave };
}
