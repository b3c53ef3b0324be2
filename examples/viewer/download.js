// Saving plaintext, as it is decrypted: memory never holds more than some chunks.

import { byId, el, show } from './dom.js';
import { bytes, say } from './i18n.js';
import { give, keepAwake, startStreams } from './streams.js';

/** How long the frame stays that begins a download. */
const FRAME = 60_000;

/** Saves by the browser's dialog where it has one, else as a download through the service worker. */
export async function save({ file, type, diskName: name, undo }, fail) {
  const abort = new AbortController();
  const stop = () => abort.abort();
  undo.push(stop);
  byId('save-cancel').addEventListener('click', stop, { once: true });
  const end = (key) => {
    byId('save-cancel').removeEventListener('click', stop);
    show(byId('save-cancel'), false);
    if (key) say(byId('save-status'), key, { total: () => bytes(file.size) });
    else show(byId('saving'), false);
  };
  try {
    const handle = await picked(name);
    begin();
    const onProgress = progressOf(file);
    if (!handle) return await throughWorker(file, { type, name }, { signal: abort.signal, onProgress, end, fail });
    const target = await handle.createWritable();
    await file.stream({ signal: abort.signal, onProgress }).pipeTo(target, { signal: abort.signal });
    return end('save.done');
  } catch (error) {
    if (error.name === 'AbortError') return end(abort.signal.aborted ? 'save.stopped' : undefined);
    end();
    return fail(error);
  }
}

function begin() {
  byId('save-progress').value = 0;
  show(byId('save-cancel'), true);
  show(byId('saving'), true);
}

/** A file of the reader's choice; none where there is no dialog, or it does not take the name. */
async function picked(suggestedName) {
  if (!globalThis.showSaveFilePicker) return undefined;
  try {
    return await globalThis.showSaveFilePicker({ suggestedName });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    return undefined;
  }
}

async function throughWorker(file, about, { signal, onProgress, end, fail }) {
  await startStreams();
  const sleep = keepAwake();
  let finished = false;
  const finish = (key) => {
    if (finished) return;
    finished = true;
    sleep();
    stream.take();
    frame.remove();
    end(key);
  };
  const stream = give(file, { ...about, attachment: true }, {
    onProgress,
    onDone: () => finish('save.done'),
    onStop: () => finish('save.stopped'),
    onError: (error) => {
      finish();
      fail(error);
    },
  });
  const frame = el('iframe', { hidden: true, src: stream.url, title: '' });
  signal.addEventListener('abort', () => stream.take());
  document.body.append(frame);
  setTimeout(() => frame.remove(), FRAME);
}

function progressOf(file) {
  return ({ done }) => {
    byId('save-progress').value = file.size ? done / file.size : 1;
    say(byId('save-status'), 'save.running', { done: () => bytes(done), total: () => bytes(file.size) });
  };
}
