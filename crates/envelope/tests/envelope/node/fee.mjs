// An independent reader and writer of the format, from its description alone,
// on WebCrypto (and on OpenSSL for ChaCha20-Poly1305, which WebCrypto lacks). Reads a JSON array of requests from stdin, answers with an array.
//
//   { do: "open", envelope, cek | x25519: { d, x } | kek }  →  { cek, plaintext }
//   { do: "seal", plaintext, cek, x25519: x, kek, chunkSize }  →  { envelope }
//
// All bytes are hexadecimal.

import { createDecipheriv } from 'node:crypto'

const { subtle } = globalThis.crypto
const hex = (bytes) => Buffer.from(bytes).toString('hex')
const bytes = (text) => new Uint8Array(Buffer.from(text, 'hex'))
const base64url = (b) => Buffer.from(b).toString('base64url')
const join = (...parts) => new Uint8Array(Buffer.concat(parts))

// --- CBOR, as much as a header needs ---

function decode(data, at = 0) {
  const major = data[at] >> 5
  let info = data[at++] & 31
  if (info >= 24) {
    const width = 1 << (info - 24)
    info = Number(BigInt('0x' + hex(data.subarray(at, at + width))))
    at += width
  }
  const items = (count) => Array.from({ length: count }, () => {
    const [value, next] = decode(data, at)
    at = next
    return value
  })
  switch (major) {
    case 0: return [info, at]
    case 1: return [-1 - info, at]
    case 2: return [data.subarray(at, at + info), at + info]
    case 3: return [new TextDecoder().decode(data.subarray(at, at + info)), at + info]
    case 4: return [items(info), at]
    case 5: return [new Map(Array.from({ length: info }, () => items(2))), at]
    case 6: return [{ tag: info, value: items(1)[0] }, at]
    default: return [{ 20: false, 21: true, 22: null }[info], at]
  }
}

function head(major, n) {
  if (n < 24) return Uint8Array.of((major << 5) | n)
  if (n < 256) return Uint8Array.of((major << 5) | 24, n)
  if (n < 65536) return Uint8Array.of((major << 5) | 25, n >> 8, n & 255)
  return Uint8Array.of((major << 5) | 26, (n >>> 24) & 255, (n >> 16) & 255, (n >> 8) & 255, n & 255)
}

function encode(value) {
  if (value === null) return Uint8Array.of(0xf6)
  if (typeof value === 'number') return value < 0 ? head(1, -1 - value) : head(0, value)
  if (typeof value === 'string') return join(head(3, Buffer.byteLength(value)), Buffer.from(value))
  if (value instanceof Uint8Array) return join(head(2, value.length), value)
  if (Array.isArray(value)) return join(head(4, value.length), ...value.map(encode))
  if (value instanceof Map) {
    return join(head(5, value.size), ...[...value].flatMap(([k, v]) => [encode(k), encode(v)]))
  }
  return join(head(6, value.tag), encode(value.value))
}

// --- Keys ---

async function keyEncryptionKey(privateKey, publicKey, recipientProtected) {
  const secret = await subtle.deriveBits({ name: 'X25519', public: publicKey }, privateKey, 256)
  const nobody = [null, null, null]
  const info = encode([-5, nobody, nobody, [256, recipientProtected]])
  const ikm = await subtle.importKey('raw', secret, 'HKDF', false, ['deriveBits'])
  const salt = new Uint8Array()
  return new Uint8Array(await subtle.deriveBits({ name: 'HKDF', hash: 'SHA-256', salt, info }, ikm, 256))
}

const x25519Public = (x) => subtle.importKey('raw', x, 'X25519', true, [])
const x25519Private = ({ d, x }) => {
  const jwk = { kty: 'OKP', crv: 'X25519', d: base64url(bytes(d)), x: base64url(bytes(x)) }
  return subtle.importKey('jwk', jwk, 'X25519', false, ['deriveBits'])
}

async function unwrap(kek, wrapped) {
  const key = await subtle.importKey('raw', kek, 'AES-KW', false, ['unwrapKey'])
  const aes = { name: 'AES-GCM' }
  const cek = await subtle.unwrapKey('raw', wrapped, key, 'AES-KW', aes, true, ['decrypt'])
  return new Uint8Array(await subtle.exportKey('raw', cek))
}

// A key that the protected header commits to must be this one.
async function checkCommitment(header, cek, nonce) {
  const commitment = header.get(-65803)
  if (commitment === undefined) return
  const tag = Buffer.from('STHENO-V1-ENVELOPE-KEY-COMMITMENT')
  const algorithm = Buffer.alloc(8)
  algorithm.writeBigInt64BE(BigInt(header.get(1)))
  const info = join(Uint8Array.of(tag.length), tag, algorithm, nonce)
  const ikm = await subtle.importKey('raw', cek, 'HKDF', false, ['deriveBits'])
  const hkdf = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info }
  const expected = new Uint8Array(await subtle.deriveBits(hkdf, ikm, 256))
  if (hex(expected) !== hex(commitment)) throw new Error('the commitment is to another key')
}

async function wrap(kek, cek) {
  const key = await subtle.importKey('raw', kek, 'AES-KW', false, ['wrapKey'])
  const inner = await subtle.importKey('raw', cek, 'AES-GCM', true, ['encrypt'])
  return new Uint8Array(await subtle.wrapKey('raw', inner, key, 'AES-KW'))
}

async function recover(request, recipients) {
  if (request.cek) return bytes(request.cek)
  for (const [protectedBytes, unprotected, wrapped] of recipients) {
    const algorithm = decode(protectedBytes)[0].get(1)
    if (algorithm === -31 && request.x25519) {
      const sender = await x25519Public(unprotected.get(-1).get(-2))
      const own = await x25519Private(request.x25519)
      return unwrap(await keyEncryptionKey(own, sender, protectedBytes), wrapped)
    }
    if (algorithm === -5 && request.kek) return unwrap(bytes(request.kek), wrapped)
  }
  throw new Error('no recipient for this key')
}

// --- The envelope ---

const nonce = (base, index, last) => {
  const counter = Buffer.alloc(4)
  counter.writeUInt32BE(index)
  return join(base, counter, Uint8Array.of(last ? 1 : 0))
}

const aad = (tag, protectedBytes) =>
  encode([tag === 96 ? 'Encrypt' : 'Encrypt0', protectedBytes, new Uint8Array()])

async function open(request) {
  const envelope = bytes(request.envelope)
  const [{ tag, value }, end] = decode(envelope)
  const [protectedBytes, unprotected, payload, recipients = []] = value
  const header = decode(protectedBytes)[0]
  if (header.get(16) !== 'application/vnd.foc-envelope+cose') throw new Error('another type')
  if (payload !== null) throw new Error('the payload is not detached')
  const cek = await recover(request, recipients)
  const base = unprotected.get(5)
  await checkCommitment(header, cek, base)
  const body = envelope.subarray(end)
  const additionalData = aad(tag, protectedBytes)
  const key = await subtle.importKey('raw', cek, 'AES-GCM', false, ['decrypt'])
  const gcm = async (iv, sealed) =>
    new Uint8Array(await subtle.decrypt({ name: 'AES-GCM', iv, additionalData }, key, sealed))
  const chacha = async (iv, sealed) => {
    const options = { authTagLength: 16 }
    const cipher = createDecipheriv('chacha20-poly1305', cek, iv, options)
    cipher.setAAD(additionalData, { plaintextLength: sealed.length - 16 })
    cipher.setAuthTag(sealed.subarray(sealed.length - 16))
    const plaintext = cipher.update(sealed.subarray(0, sealed.length - 16))
    return join(plaintext, cipher.final())
  }
  if (header.get(1) === 3) return { cek: hex(cek), plaintext: hex(await gcm(base, body)) }
  const decrypt = new Map([[-65793, gcm], [-65800, chacha]]).get(header.get(1))
  if (!decrypt) throw new Error('another cipher')
  const size = (unprotected.get(-65790) ?? 262144) + 16
  const chunks = Math.ceil(body.length / size)
  const plaintext = []
  for (let i = 0; i < chunks; i++) {
    const sealed = body.subarray(i * size, (i + 1) * size)
    plaintext.push(await decrypt(nonce(base, i, i === chunks - 1), sealed))
  }
  const metadata = unprotected.get(-65792)
  return {
    cek: hex(cek),
    plaintext: hex(join(...plaintext)),
    metadata: metadata && Object.fromEntries(metadata),
  }
}

async function seal(request) {
  const plaintext = bytes(request.plaintext)
  const cek = bytes(request.cek)
  const protectedBytes = encode(new Map([[1, -65793], [16, 'application/vnd.foc-envelope+cose']]))
  const pair = await subtle.generateKey('X25519', true, ['deriveBits'])
  const ephemeral = new Uint8Array(await subtle.exportKey('raw', pair.publicKey))
  const ecdh = encode(new Map([[1, -31]]))
  const reader = await x25519Public(bytes(request.x25519))
  const kek = await keyEncryptionKey(pair.privateKey, reader, ecdh)
  const coseKey = new Map([[1, 1], [-1, 4], [-2, ephemeral]])
  const recipients = [
    [ecdh, new Map([[4, Buffer.from('reader')], [-1, coseKey]]), await wrap(kek, cek)],
    [encode(new Map()), new Map([[1, -5], [4, Buffer.from('shared')]]), await wrap(bytes(request.kek), cek)],
  ]
  const base = globalThis.crypto.getRandomValues(new Uint8Array(7))
  const size = request.chunkSize
  const chunks = Math.max(1, Math.ceil(plaintext.length / size))
  const metadata = new Map([['title', 'from elsewhere'], [7, bytes('00ff')]])
  const unprotected = new Map([[5, base], [-65790, size], [-65791, chunks], [-65792, metadata]])
  const key = await subtle.importKey('raw', cek, 'AES-GCM', false, ['encrypt'])
  const additionalData = aad(96, protectedBytes)
  const body = []
  for (let i = 0; i < chunks; i++) {
    const iv = nonce(base, i, i === chunks - 1)
    const chunk = plaintext.subarray(i * size, (i + 1) * size)
    body.push(new Uint8Array(await subtle.encrypt({ name: 'AES-GCM', iv, additionalData }, key, chunk)))
  }
  const header = encode({ tag: 96, value: [protectedBytes, unprotected, null, recipients] })
  return { envelope: hex(join(header, ...body)) }
}

let input = ''
for await (const piece of process.stdin) input += piece
const answers = JSON.parse(input).map((request) => (request.do === 'open' ? open : seal)(request))
process.stdout.write(JSON.stringify(await Promise.all(answers)))
