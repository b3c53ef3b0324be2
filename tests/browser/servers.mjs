// Servers on loopback: pages, and storage that is well or ill.
import { once } from 'node:events'
import { createReadStream, createWriteStream, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { extname, join, normalize, sep } from 'node:path'
import { pipeline } from 'node:stream/promises'

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.wasm': 'application/wasm'
}

/** What pages of these tests may do: the package works where nothing but this is allowed. */
export const STRICT = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self' http://127.0.0.1:*"

class Server {
  #server
  constructor (answer) {
    this.#server = createServer((request, response) => {
      answer(request, response).catch(() => response.destroy())
    })
  }

  async listen () {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    this.origin = `http://127.0.0.1:${this.#server.address().port}`
    return this
  }

  async stop () {
    this.#server.closeAllConnections()
    await new Promise(resolve => this.#server.close(resolve))
  }
}

/** Files of folders: `roots` is { '/prefix/': folder }, the longest prefix first. */
export class PageServer extends Server {
  /** `csp`: the Content-Security-Policy of HTML, or null. */
  static async start (roots, { csp = STRICT } = {}) {
    return await new PageServer(async (request, response) => {
      const path = decodeURIComponent(new URL(request.url, 'http://x').pathname)
      const file = fileOf(roots, path)
      if (path === '/favicon.ico') return response.writeHead(204).end()
      if (!file) return response.writeHead(404).end()
      const headers = { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream', 'cache-control': 'no-store', 'content-length': statSync(file).size }
      if (csp && extname(file) === '.html') headers['content-security-policy'] = csp
      response.writeHead(200, headers)
      await pipeline(createReadStream(file), response)
    }).listen()
  }
}

function fileOf (roots, path) {
  const prefixes = Object.keys(roots).filter(prefix => path.startsWith(prefix)).sort((a, b) => b.length - a.length)
  for (const prefix of prefixes) {
    const root = normalize(roots[prefix])
    let file = normalize(join(root, path.slice(prefix.length)))
    if (file !== root && !file.startsWith(root.endsWith(sep) ? root : root + sep)) continue
    if (existsSync(file) && statSync(file).isDirectory()) file = join(file, 'index.html')
    if (existsSync(file)) return file
  }
}

/**
 * How a stored file can be served:
 *
 *   good      with Range and CORS, as object stores do
 *   no-range  always the whole of it
 *   no-cors   no page of another origin may read it
 *   gone      404
 *   stops     the connection breaks in the middle of what was asked for
 *   hangs     nothing comes any more from there on, and the connection stays
 *   wrong     one byte in the middle of the file is another
 *   slow      64 KiB at a time, ten times a second
 */
export const FAULTS = ['good', 'no-range', 'no-cors', 'gone', 'stops', 'hangs', 'wrong', 'slow']

/** Keeps files in a folder of its own, and serves each under every fault. Pages can PUT into it. */
export class Storage extends Server {
  #now = new Map()

  static async start () {
    const folder = mkdtempSync(join(tmpdir(), 'stheno-storage-'))
    const storage = new Storage((request, response) => storage.answer(request, response))
    storage.folder = folder
    /** Every request: { method, fault, name, range, status }. */
    storage.requests = []
    return await storage.listen()
  }

  async stop () {
    await super.stop()
    rmSync(this.folder, { recursive: true, force: true })
  }

  /** Where a file of this name lies, whether it is there or not. */
  path (name) { return join(this.folder, encodeURIComponent(name)) }

  /** Its address. */
  url (name, fault = 'good') { return `${this.origin}/${fault}/${encodeURIComponent(name)}` }

  /** Stores bytes and gives their address. */
  put (name, bytes) {
    writeFileSync(this.path(name), bytes)
    return this.url(name)
  }

  /** What is stored. */
  bytes (name) { return readFileSync(this.path(name)) }

  /** From now on it is served with this fault, whatever address is asked for; undefined: as its address says. */
  turn (name, fault) { fault ? this.#now.set(name, fault) : this.#now.delete(name) }

  /** Requests for this file. */
  asked (name) { return this.requests.filter(request => request.name === name && request.method === 'GET') }

  async answer (request, response) {
    const [, said, encoded = ''] = new URL(request.url, 'http://x').pathname.split('/')
    const name = decodeURIComponent(encoded)
    const fault = this.#now.get(name) ?? said
    const { method, headers: { range } } = request
    const seen = { method, fault, name, range, status: undefined }
    this.requests.push(seen)
    const headers = { 'cache-control': 'no-store' }
    const finish = status => {
      seen.status = status
      response.writeHead(status, headers)
    }
    if (fault !== 'no-cors') Object.assign(headers, cors)
    if (!FAULTS.includes(fault)) return finish(400), response.end()
    if (method === 'OPTIONS') return finish(fault === 'no-cors' ? 405 : 204), response.end()
    if (method === 'PUT') {
      await pipeline(request, createWriteStream(this.path(name)))
      return finish(201), response.end()
    }
    const path = this.path(name)
    if (fault === 'gone' || !existsSync(path)) return finish(404), response.end()

    const { size, mtimeMs } = statSync(path)
    headers.etag = `"${size.toString(16)}-${Math.floor(mtimeMs).toString(16)}"`
    headers['content-type'] = 'application/octet-stream'
    let [start, end] = [0, size]
    const asked = fault !== 'no-range' && /^bytes=(\d*)-(\d*)$/.exec(range ?? '')
    if (fault !== 'no-range') headers['accept-ranges'] = 'bytes'
    if (asked && (asked[1] || asked[2])) {
      start = asked[1] ? Number(asked[1]) : Math.max(0, size - Number(asked[2]))
      end = asked[1] && asked[2] ? Math.min(Number(asked[2]) + 1, size) : size
      if (start >= size || start >= end) {
        headers['content-range'] = `bytes */${size}`
        return finish(416), response.end()
      }
      headers['content-range'] = `bytes ${start}-${end - 1}/${size}`
    }
    headers['content-length'] = end - start
    finish(asked ? 206 : 200)
    if (method === 'HEAD' || start === end) return response.end()
    await this.#send(path, start, end, size, fault, response)
  }

  async #send (path, start, end, size, fault, response) {
    const until = ['stops', 'hangs'].includes(fault) ? start + Math.floor((end - start) / 2) : end
    const part = fault === 'slow' ? 1 << 16 : 1 << 20
    let at = start
    if (until > start) {
      for await (const bytes of createReadStream(path, { start, end: until - 1, highWaterMark: part })) {
        const middle = Math.floor(size / 2) - at
        if (fault === 'wrong' && middle >= 0 && middle < bytes.length) bytes[middle] ^= 1
        at += bytes.length
        if (response.destroyed) return
        if (!response.write(bytes)) await Promise.race([once(response, 'drain'), once(response, 'close')])
        if (fault === 'slow') await new Promise(resolve => setTimeout(resolve, 100))
      }
    }
    if (fault === 'stops') {
      // What was written arrives, and then the connection is gone.
      await new Promise(resolve => setTimeout(resolve, 50))
      response.destroy()
    } else if (fault !== 'hangs') {
      response.end()
    }
  }
}

const cors = {
  'access-control-allow-origin': '*',
  'access-control-allow-methods': 'GET, HEAD, PUT',
  'access-control-allow-headers': 'range, if-range, if-match, content-type',
  'access-control-expose-headers': 'content-range, content-length, etag, accept-ranges',
  'access-control-max-age': '600'
}
