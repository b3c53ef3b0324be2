// Bytes that only their seed tells: xorshift, the same as in `pages/harness.js`.

/** So many bytes of this seed. */
export function noise (seed, length) {
  const words = new Uint32Array(Math.ceil(length / 4))
  let x = (seed * 2_654_435_761 + 1) >>> 0 || 1
  for (let i = 0; i < words.length; i++) {
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    words[i] = x
  }
  return Buffer.from(words.buffer, 0, length)
}
