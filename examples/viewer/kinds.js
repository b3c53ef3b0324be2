// What a file is, and so how it is shown. Its type is a claim; only these kinds are ever shown.

const BY_TYPE = [
  [/^image\/(png|jpeg|gif|webp|avif|bmp|svg\+xml|x-icon|vnd\.microsoft\.icon)$/, 'image'],
  [/^video\/(mp4|webm|ogg|quicktime|x-matroska)$/, 'video'],
  [/^audio\/(mpeg|mp4|aac|ogg|opus|wav|x-wav|webm|flac)$/, 'audio'],
  [/^text\/(csv|tab-separated-values)$/, 'csv'],
  [/^(text\/html|application\/xhtml\+xml)$/, 'html'],
  [/^(text\/.+|application\/(json|xml|yaml|x-yaml|toml|.+\+json|.+\+xml))$/, 'text'],
];

const BY_EXTENSION = {
  png: 'image/png', jpg: 'image/jpeg', jpeg: 'image/jpeg', gif: 'image/gif', webp: 'image/webp', avif: 'image/avif',
  bmp: 'image/bmp', svg: 'image/svg+xml', ico: 'image/x-icon',
  mp4: 'video/mp4', m4v: 'video/mp4', webm: 'video/webm', ogv: 'video/ogg', mov: 'video/quicktime', mkv: 'video/x-matroska',
  mp3: 'audio/mpeg', m4a: 'audio/mp4', aac: 'audio/aac', oga: 'audio/ogg', ogg: 'audio/ogg', opus: 'audio/ogg', wav: 'audio/wav', flac: 'audio/flac',
  csv: 'text/csv', tsv: 'text/tab-separated-values', html: 'text/html', htm: 'text/html', xhtml: 'application/xhtml+xml',
  txt: 'text/plain', md: 'text/markdown', json: 'application/json', xml: 'application/xml', yaml: 'application/yaml', yml: 'application/yaml',
  toml: 'application/toml', log: 'text/plain', pdf: 'application/pdf', zip: 'application/zip',
};

const BY_BYTES = [
  ['image/png', [0x89, 0x50, 0x4e, 0x47]], ['image/jpeg', [0xff, 0xd8, 0xff]], ['image/gif', [0x47, 0x49, 0x46, 0x38]],
  ['video/webm', [0x1a, 0x45, 0xdf, 0xa3]], ['audio/flac', [0x66, 0x4c, 0x61, 0x43]], ['audio/mpeg', [0x49, 0x44, 0x33]],
  ['application/pdf', [0x25, 0x50, 0x44, 0x46]], ['application/zip', [0x50, 0x4b, 0x03, 0x04]],
];

/** How many bytes `kindOf` wants to see. */
export const FIRST_BYTES = 4096;

/** Kind and type by the claimed type, else the name's ending, else the first bytes. */
export function kindOf({ name, type }, first) {
  if (!first.length) return { kind: 'empty', type: 'application/octet-stream' };
  const extension = /\.([a-z0-9]{1,5})$/i.exec(name ?? '')?.[1].toLowerCase();
  const claimed = (type ?? '').split(';')[0].trim().toLowerCase();
  const generic = !claimed || claimed === 'application/octet-stream';
  const found = generic ? BY_EXTENSION[extension] ?? byBytes(first) : claimed;
  const kind = BY_TYPE.find(([pattern]) => pattern.test(found))?.[1] ?? 'other';
  return { kind, type: kind === 'other' ? 'application/octet-stream' : found };
}

function byBytes(first) {
  const found = BY_BYTES.find(([, magic]) => magic.every((byte, at) => first[at] === byte))?.[0];
  if (found) return found;
  if (String.fromCharCode(...first.subarray(4, 8)) === 'ftyp') return 'video/mp4';
  return isText(first) ? 'text/plain' : 'application/octet-stream';
}

function isText(first) {
  if (first.some((byte) => byte < 9)) return false;
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(first, { stream: true });
    return true;
  } catch {
    return false;
  }
}
