// UnixFS and CAR by the JavaScript implementation of IPFS. Reads one JSON list of
// requests from stdin and answers with one JSON list of the same length.
//
//   { make: "file", input, profile, car? }       → { root }, and a CAR at `car`, root first
//   { make: "folder", entries: [name, input] }   → { root, blocks }
//   { read: car }                                → { root, size, sha256 }
//
// Every option of the profile is named, so that no default of a library decides.
import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

import { CarReader, CarWriter } from '@ipld/car'
import * as dagPb from '@ipld/dag-pb'
import { MemoryBlockstore } from 'blockstore-core'
import { exporter } from 'ipfs-unixfs-exporter'
import { importer } from 'ipfs-unixfs-importer'
import { fixedSize } from 'ipfs-unixfs-importer/chunker'
import { balanced } from 'ipfs-unixfs-importer/layout'

const V1_2025 = { chunkSize: 1 << 20, maxLinks: 1024 }

const options = ({ chunkSize, maxLinks }) => ({
  cidVersion: 1,
  rawLeaves: true,
  reduceSingleLeafToSelf: true,
  chunker: fixedSize({ chunkSize }),
  layout: balanced({ maxChildrenPerNode: maxLinks }),
  wrapWithDirectory: false,
  shardSplitStrategy: 'block-bytes',
  shardSplitThresholdBytes: 262_144,
  shardFanoutBits: 8,
  fieldOrder: 'links-first'
})

async function last (entries) {
  let entry
  for await (entry of entries) { /* the root comes last */ }
  return entry
}

async function bytes (found) {
  if (found instanceof Uint8Array) return found
  const parts = []
  for await (const part of found) parts.push(part)
  return Buffer.concat(parts)
}

// Every block before those that it links to, repeated ones repeated.
async function writeCar (root, blocks, path) {
  const { writer, out } = CarWriter.create([root])
  const done = pipeline(Readable.from(out), createWriteStream(path))
  const stack = [root]
  while (stack.length > 0) {
    const cid = stack.pop()
    const block = await bytes(await blocks.get(cid))
    await writer.put({ cid, bytes: block })
    if (cid.code === dagPb.code) {
      stack.push(...dagPb.decode(block).Links.map(link => link.Hash).reverse())
    }
  }
  await writer.close()
  await done
}

async function makeFile ({ input, profile, car }) {
  const blocks = new MemoryBlockstore()
  const content = createReadStream(input)
  const { cid } = await last(importer([{ content }], blocks, options(profile ?? V1_2025)))
  if (car != null) await writeCar(cid, blocks, car)
  return { root: cid.toString() }
}

async function makeFolder ({ entries }) {
  const blocks = new MemoryBlockstore()
  const files = entries.map(([name, input]) => ({
    path: `folder/${name}`,
    content: Buffer.from(input, 'hex')
  }))
  if (files.length === 0) files.push({ path: 'folder' })
  const root = await last(importer(files, blocks, options(V1_2025)))
  return { root: root.cid.toString() }
}

async function read (path) {
  const reader = await CarReader.fromBytes(await readFile(path))
  const [root] = await reader.getRoots()
  const blocks = new MemoryBlockstore()
  for await (const { cid, bytes } of reader.blocks()) await blocks.put(cid, bytes)
  const file = await exporter(root, blocks)
  const hash = createHash('sha256')
  let size = 0
  for await (const part of file.content()) {
    hash.update(part)
    size += part.length
  }
  return { root: root.toString(), size, sha256: hash.digest('hex') }
}

async function answer (request) {
  if (request.read != null) return read(request.read)
  return request.make === 'folder' ? makeFolder(request) : makeFile(request)
}

const requests = JSON.parse(await bytes(process.stdin))
const answers = []
for (const request of requests) answers.push(await answer(request))
process.stdout.write(JSON.stringify(answers))
