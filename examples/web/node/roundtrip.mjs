// node roundtrip.mjs PUBLIC_KEY SECRET_KEY_FILE FILE
//
// Encrypts a file to a key and opens it again, in memory of one chunk. `stheno keygen` makes keys. The secret
// one comes from a file: what stands on a command line, others can see.

import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { createHash } from 'node:crypto';
import { encryptToKeys, inspect, openWithKeys } from '@stheno/web';

const [publicKey, secretFile, file] = process.argv.slice(2);
if (!file) {
  console.error('usage: node roundtrip.mjs PUBLIC_KEY SECRET_KEY_FILE FILE');
  process.exit(2);
}
const secretKey = (await readFile(secretFile, 'utf8')).split('\n').find((line) => line.startsWith('STHENO-SECRET-KEY-'));

const { stream, done } = await encryptToKeys(Readable.toWeb(createReadStream(file)), [publicKey]);
const envelope = await new Response(stream).blob();
console.log(await done, (await inspect(envelope)).cipher);

const opened = await openWithKeys(envelope, [secretKey]);
const hash = createHash('sha256');
for await (const part of opened.stream()) hash.update(part);
console.log(`${opened.size} bytes, SHA-256 ${hash.digest('hex')}`);
await opened.close();
