// What was pasted or dropped: an address, a link, or a file.
//
//     stheno:file/PIECE[,PIECE…]?at=PLACE
//     stheno:collection/PIECE[,PIECE…]?at=PLACE
//     stheno:sale/CHAIN/CATALOGUE/ITEM/PIECE[,PIECE…]?at=PLACE

/** A problem that the page finds by itself, with a code as the package's have. */
export class Problem extends Error {
  constructor(code, message = '') {
    super(message);
    this.code = code;
  }
}

/**
 * `source` is what is opened; `header` is what is inspected: of a folder, the first piece of its manifest.
 * `kind`: file, collection or sale.
 */
export function understand(given) {
  if (given instanceof Blob) {
    if (!given.size) throw new Problem('empty_file');
    return { kind: 'file', source: given, header: given, name: given.name };
  }
  const text = given.trim();
  if (/^https?:\/\//i.test(text)) {
    const url = address(text);
    return { kind: 'file', source: url, header: url, name: lastName(url) };
  }
  const [, kind, rest] = /^stheno:(file|collection|sale)\/(.+)$/.exec(text) ?? [];
  if (!kind) throw new Problem('bad_link');
  if (kind === 'file') return { kind, source: text, header: text };
  const [path, query = ''] = rest.split('?', 2);
  const [first] = path.split('/').at(-1).split(',');
  return { kind, source: text, header: pieceAt(new URLSearchParams(query).getAll('at'), first) };
}

function address(text) {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || url.username || url.password) throw new Problem('bad_url');
  return url.href;
}

/** What an address is called, if it is called anything. */
function lastName(url) {
  const last = new URL(url).pathname.split('/').at(-1);
  try {
    return decodeURIComponent(last) || undefined;
  } catch {
    return last;
  }
}

function pieceAt(places, piece) {
  for (const place of places) {
    const provider = place.startsWith('pdp+');
    const base = provider ? place.slice(4) : place;
    if (/^https?:\/\//i.test(base)) return address(`${base.replace(/\/$/, '')}${provider ? '/piece' : ''}/${piece}`);
  }
  throw new Problem('bad_place');
}
