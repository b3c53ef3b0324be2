// Comma-separated values, RFC 4180: quotes, doubled quotes, line ends within quotes.

/** Rows of fields, at most `most` of them; comma, semicolon or tab, whichever the first line has most of. */
export function parseCsv(text, most = Infinity) {
  const separator = separatorOf(text);
  const rows = [];
  let [row, field, quoted] = [[], '', false];
  const endRow = () => {
    row.push(field);
    if (row.length > 1 || row[0] !== '') rows.push(row);
    [row, field] = [[], ''];
  };
  for (let at = 0; at < text.length && rows.length < most; at += 1) {
    const char = text[at];
    if (quoted) {
      if (char !== '"') field += char;
      else if (text[at + 1] === '"') [field, at] = [`${field}"`, at + 1];
      else quoted = false;
    } else if (char === '"' && field === '') quoted = true;
    else if (char === separator) [field] = ['', row.push(field)];
    else if (char === '\n') endRow();
    else if (char !== '\r' || text[at + 1] !== '\n') field += char;
  }
  if (rows.length < most && (field !== '' || row.length)) endRow();
  return rows;
}

function separatorOf(text) {
  const line = text.slice(0, 4096).split('\n', 1)[0];
  const count = (char) => line.split(char).length;
  return [',', ';', '\t'].reduce((best, char) => (count(char) > count(best) ? char : best));
}
