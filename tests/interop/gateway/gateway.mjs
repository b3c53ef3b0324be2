// A gateway that is not ours: @helia/verified-fetch, which answers as the gateways of Helia do, over the
// blocks of CAR files in memory, and behind Node's HTTP server on loopback. No network, no peers.
//
//   node gateway.mjs FILE.car …     prints its address, and ends with its standard input
import { createReadStream } from 'node:fs'
import { createServer } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

// What Node 22 has and Node 20 lacks.
Promise.withResolvers ??= () => {
  const parts = {}
  parts.promise = new Promise((resolve, reject) => Object.assign(parts, { resolve, reject }))
  return parts
}
const { createVerifiedFetchWithHelia } = await import('@helia/verified-fetch')
const { CarBlockIterator } = await import('@ipld/car')
const { MemoryBlockstore } = await import('blockstore-core')
const { createHeliaLight } = await import('helia')

const blockstore = new MemoryBlockstore()
for (const car of process.argv.slice(2)) {
  for await (const { cid, bytes } of await CarBlockIterator.fromIterable(createReadStream(car))) {
    await blockstore.put(cid, bytes)
  }
}
const helia = await createHeliaLight({ blockstore }).start()
const fetch = await createVerifiedFetchWithHelia(helia)

async function answer (request, response) {
  const { pathname, search } = new URL(request.url, 'http://gateway')
  const [, namespace, ...path] = pathname.split('/')
  const headers = Object.entries(request.headers).filter(([name]) => name === 'accept')
  const answered = await fetch(`${namespace}://${path.join('/')}${search}`, { headers, session: false })
  response.writeHead(answered.status, Object.fromEntries(answered.headers))
  if (answered.body == null) return response.end()
  await pipeline(Readable.fromWeb(answered.body), response)
}

const server = createServer((request, response) => {
  answer(request, response).catch(error => {
    console.error(error)
    response.destroy()
  })
})
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`))
process.stdin.on('end', () => process.exit()).resume()
