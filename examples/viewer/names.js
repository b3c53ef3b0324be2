// Names by somebody else: text to look at, and names for files on disk.

/** Characters that turn the direction of text, or are not seen. */
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;
/** What some file system does not have in a name. */
const UNSAFE = /[<>:"/\\|?*]/g;
const DEVICE = /^(con|prn|aux|nul|conin\$|conout\$|clock\$|(com|lpt)[0-9¹²³])(\.|$)/i;
const LONGEST_SHOWN = 160;
const LONGEST_ON_DISK = 180;

/** A name to be looked at: what is not seen is shown, what is too long is cut in the middle. */
export function nameToShow(name) {
  const seen = Array.from(String(name).toWellFormed?.() ?? String(name), (char) => char.replace(UNSEEN, '\ufffd'));
  if (seen.length <= LONGEST_SHOWN) return seen.join('');
  return `${seen.slice(0, LONGEST_SHOWN - 40).join('')} … ${seen.slice(-36).join('')}`;
}

/** A name that every file system takes: one name, of at most 180 bytes, with its extension. */
export function nameOnDisk(name, otherwise = 'decrypted') {
  let safe = String(name ?? '').toWellFormed?.() ?? String(name ?? '');
  safe = safe.split(/[/\\]/).at(-1).replace(UNSEEN, '').replace(UNSAFE, '_').replace(/^[\s.]+|[\s.]+$/g, '');
  if (!safe) return otherwise;
  if (DEVICE.test(safe)) safe = `_${safe}`;
  const [, stem, extension] = /^(.*?)(\.[^.]{1,15})?$/su.exec(safe);
  let chars = Array.from(stem);
  while (size(chars.join('') + (extension ?? '')) > LONGEST_ON_DISK) chars = chars.slice(0, -1);
  return chars.join('') + (extension ?? '');
}

const size = (text) => new TextEncoder().encode(text).length;

/** An account or a digest, short enough for a line. */
export const shortHex = (hex) => (hex.length > 14 ? `${hex.slice(0, 6)}…${hex.slice(-4)}` : hex);
