// What the browser tests use in the page: the package, and bytes to feed it with.
import * as stheno from '/stheno/index.js'

const CHUNK = 1 << 20

/** Bytes that only their seed tells: xorshift, the same as in `noise.mjs`. */
function noise (seed, length) {
  const words = new Uint32Array(Math.ceil(length / 4))
  let x = (seed * 2_654_435_761 + 1) >>> 0 || 1
  for (let i = 0; i < words.length; i++) {
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    words[i] = x
  }
  return new Uint8Array(words.buffer, 0, length)
}

/** A stream of `length` bytes, a MiB at a time, as they are asked for. Each MiB is the noise of its number. */
function noiseStream (length) {
  let at = 0
  return new ReadableStream({
    pull (controller) {
      if (at >= length) return controller.close()
      const part = Math.min(CHUNK, length - at)
      controller.enqueue(noise(at / CHUNK, part))
      at += part
    }
  }, { highWaterMark: 0 })
}

/** Whether a stream is `noiseStream(length)`: how many bytes came, and where the first fault is. */
async function checkNoise (stream, length) {
  let at = 0
  let expected = new Uint8Array()
  let number = -1
  for await (const bytes of parts(stream)) {
    let done = 0
    while (done < bytes.length) {
      if (Math.floor(at / CHUNK) !== number) {
        number = Math.floor(at / CHUNK)
        expected = noise(number, Math.min(CHUNK, length - number * CHUNK))
      }
      const offset = at - number * CHUNK
      const part = Math.min(bytes.length - done, expected.length - offset)
      if (part <= 0) return { bytes: at, fault: at }
      if (!same(bytes.subarray(done, done + part), expected.subarray(offset, offset + part))) return { bytes: at, fault: at }
      done += part
      at += part
    }
  }
  return { bytes: at, fault: at === length ? undefined : at }
}

/** What a stream brings, part by part. */
async function * parts (stream) {
  const reader = stream.getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      yield value
    }
  } finally {
    reader.releaseLock()
  }
}

/** All of a stream. By its reader: a Response tells another error than the stream's own. */
async function collect (stream) {
  const got = []
  for (const reader = stream.getReader(); ;) {
    const { done, value } = await reader.read()
    if (done) return new Uint8Array(await new Blob(got).arrayBuffer())
    got.push(value)
  }
}

async function sha256 (bytes) {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  return [...digest].map(byte => byte.toString(16).padStart(2, '0')).join('')
}

/** Whether two byte arrays are the same; 32 bits at a time where both are aligned. */
function same (one, other) {
  if (one.length !== other.length) return false
  const aligned = one.byteOffset % 4 === 0 && other.byteOffset % 4 === 0
  const words = aligned ? one.length >> 2 : 0
  if (words) {
    const [a, b] = [one, other].map(bytes => new Uint32Array(bytes.buffer, bytes.byteOffset, words))
    for (let i = 0; i < words; i++) if (a[i] !== b[i]) return false
  }
  for (let i = words * 4; i < one.length; i++) if (one[i] !== other[i]) return false
  return true
}

/** Puts bytes to where the command finds them. */
async function put (url, body) {
  const { ok, status } = await fetch(url, { method: 'PUT', body })
  if (!ok) throw new Error(`PUT ${url}: ${status}`)
}

/** What an error says, for a test to look at. */
function told (error) {
  const { name, message, code, hint, denied, nodes, reasons } = error
  return { name, message, code, hint, denied, nodes, reasons }
}

/** The error that something ends with; `undefined` if it does not. */
async function failure (promise) {
  try {
    await promise
  } catch (error) {
    return { ...told(error), is: { error: error instanceof Error, stheno: error instanceof stheno.SthenoError } }
  }
}

const bytesOf = hex => new Uint8Array((hex.replace(/^0x/, '').match(/../g) ?? []).map(byte => parseInt(byte, 16)))
const hexOf = bytes => [...bytes].map(byte => byte.toString(16).padStart(2, '0')).join('')

const unhandled = []
addEventListener('unhandledrejection', event => unhandled.push(String(event.reason?.stack ?? event.reason)))
const violations = []
addEventListener('securitypolicyviolation', event => violations.push(`${event.violatedDirective}: ${event.blockedURI}`))

Object.assign(globalThis, { stheno, noise, noiseStream, checkNoise, collect, parts, sha256, same, put, failure, told, bytesOf, hexOf, unhandled, violations, ready: true })
