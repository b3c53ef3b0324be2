// Decrypted content, as far as a page can show it.

import { parseCsv } from './csv.js';
import { byId, el, show } from './dom.js';
import { bytes, number, say, t } from './i18n.js';
import { FIRST_BYTES, kindOf } from './kinds.js';
import { nameOnDisk, nameToShow } from './names.js';
import { paper } from './sandbox.js';
import { give, startStreams } from './streams.js';

const MOST_TEXT = 512 * 1024;
const MOST_TABLE = 2 * 1024 * 1024;
const MOST_ROWS = 1000;
const MOST_COLUMNS = 100;
const MOST_IMAGE = 128 * 1024 * 1024;
const MOST_HTML = 4 * 1024 * 1024;

/** Shows a file in `#shown`; what it gives back takes everything away again. */
export async function showContent(file, about, signal) {
  const name = about.name ?? t('about.nameless');
  const first = await file.range(0, Math.min(FIRST_BYTES, file.size), { signal });
  const { kind, type } = kindOf(about, first);
  const shown = { file, type, signal, name: nameToShow(name), diskName: nameOnDisk(about.name), undo: [] };
  byId('content').dataset.kind = kind;
  byId('content-name').textContent = shown.name;
  show(byId('cut'), false);
  show(byId('download'), file.size > 0);
  byId('shown').replaceChildren(...[await WAYS[kind](shown)].flat());
  return { ...shown, kind, hide: () => hide(shown) };
}

function hide(shown) {
  byId('shown').replaceChildren();
  for (const undo of shown.undo) undo();
}

const WAYS = {
  image, text, csv, html,
  video: (shown) => player(shown, 'video'),
  audio: (shown) => player(shown, 'audio'),
  other: () => note('show.other'),
  empty: () => note('show.empty'),
};

const note = (key, values) => say(el('p', { class: 'note' }), key, values);
const tooLarge = ({ file }) => note('show.large', { size: () => bytes(file.size) });

async function image(shown) {
  if (shown.file.size > MOST_IMAGE) return tooLarge(shown);
  const url = URL.createObjectURL(await shown.file.blob(shown.type, { signal: shown.signal }));
  shown.undo.push(() => URL.revokeObjectURL(url));
  const picture = el('img', { src: url, alt: t('show.image', shown), decoding: 'async' });
  picture.addEventListener('error', () => picture.replaceWith(note('show.broken')));
  return picture;
}

async function text(shown) {
  return el('pre', { tabindex: 0, dir: 'auto', 'aria-label': t('show.text', shown) }, await textOf(shown, MOST_TEXT));
}

async function csv(shown) {
  const rows = parseCsv(await textOf(shown, MOST_TABLE), MOST_ROWS + 1);
  if (rows.length > MOST_ROWS) cut('cut.rows', { rows: () => number(MOST_ROWS) });
  const [head = [], ...body] = rows.slice(0, MOST_ROWS).map((row) => row.slice(0, MOST_COLUMNS));
  const cells = (row, cell) => el('tr', {}, ...row.map((field) => cell(field)));
  const table = el('table', {},
    el('thead', {}, cells(head, (field) => el('th', { scope: 'col', dir: 'auto' }, field))),
    el('tbody', {}, ...body.map((row) => cells(row, (field) => el('td', { dir: 'auto' }, field)))));
  return el('div', { class: 'scroll', role: 'region', tabindex: 0, 'aria-label': t('show.table', shown) }, table);
}

async function html(shown) {
  if (shown.file.size > MOST_HTML) return tooLarge(shown);
  const frame = paper(decode(await shown.file.bytes({ signal: shown.signal })), t('show.html', shown));
  return [note('show.html.note'), frame];
}

async function player(shown, name) {
  await startStreams();
  const stream = give(shown.file, { type: shown.type, name: shown.diskName, attachment: false });
  const element = el(name, { controls: true, preload: 'metadata', 'aria-label': shown.name });
  element.addEventListener('error', () => element.replaceWith(note('show.broken')));
  element.src = stream.url;
  shown.undo.push(() => {
    element.removeAttribute('src');
    element.load();
    stream.take();
  });
  return element;
}

/** The text, or its beginning; what is left out is said. */
async function textOf({ file, signal }, most) {
  const end = Math.min(file.size, most);
  if (end < file.size) cut('cut.text', { shown: () => bytes(end), size: () => bytes(file.size) });
  return decode(await file.range(0, end, { signal }));
}

/** UTF-8, or UTF-16 with a mark; a character that is cut at the end is left out. */
function decode(found) {
  const mark = found[0] * 256 + found[1];
  const encoding = { [0xfffe]: 'utf-16le', [0xfeff]: 'utf-16be' }[mark] ?? 'utf-8';
  return new TextDecoder(encoding).decode(found, { stream: true });
}

function cut(key, values) {
  say(byId('cut'), key, values);
  show(byId('cut'), true);
}
