// A film that a player can seek in: VP8 by the browser's own encoder, in a WebM with a table of its key frames.
// Each second has a colour of its own in the upper half of the picture, and noise in the lower, for its size.

/** The colour of a second, as [red, green, blue]. */
export function colourAt (second) {
  return [[200, 40, 40], [40, 160, 60], [40, 70, 200], [210, 190, 50], [160, 60, 170], [60, 180, 190], [120, 120, 120]][second % 7]
}

/** The film's bytes. */
export async function film ({ seconds, width = 640, height = 360, rate = 8, bitrate = 6_000_000 }) {
  const frames = []
  let fault
  const encoder = new VideoEncoder({
    output: chunk => {
      const data = new Uint8Array(chunk.byteLength)
      chunk.copyTo(data)
      frames.push({ data, key: chunk.type === 'key', ms: Math.round(chunk.timestamp / 1_000) })
    },
    error: error => { fault = error }
  })
  encoder.configure({ codec: 'vp8', width, height, bitrate, framerate: rate })
  const canvas = new OffscreenCanvas(width, height)
  const context = canvas.getContext('2d')
  const noise = context.createImageData(width, height / 2)
  let x = 1
  for (let number = 0; number < seconds * rate; number++) {
    const second = Math.floor(number / rate)
    context.fillStyle = `rgb(${colourAt(second).join()})`
    context.fillRect(0, 0, width, height)
    for (let i = 0; i < noise.data.length; i++) {
      x = (Math.imul(x, 1_103_515_245) + 12_345) >>> 0
      noise.data[i] = i % 4 === 3 ? 255 : x >>> 24
    }
    context.putImageData(noise, 0, height / 2)
    context.fillStyle = 'white'
    context.font = '72px sans-serif'
    context.fillText(`${second} s`, 30, 110)
    const frame = new VideoFrame(canvas, { timestamp: number * 1_000_000 / rate })
    encoder.encode(frame, { keyFrame: number % rate === 0 })
    frame.close()
    while (encoder.encodeQueueSize > 4) await new Promise(resolve => setTimeout(resolve, 5))
  }
  await encoder.flush()
  encoder.close()
  if (fault) throw fault
  return webm(frames, { width, height, ms: seconds * 1_000 })
}

/** EBML as Matroska has it: a segment of a known size, with its cues before the clusters, one for each key frame. */
function webm (frames, { width, height, ms }) {
  const clusters = []
  for (const { data, key, ms } of frames) {
    if (key) clusters.push({ ms, blocks: [] })
    const cluster = clusters.at(-1)
    const delta = ms - cluster.ms
    cluster.blocks.push(element(0xa3, join([new Uint8Array([0x81, delta >> 8, delta & 255, key ? 0x80 : 0]), data])))
  }
  const written = clusters.map(({ ms, blocks }) => element(0x1f43b675, element(0xe7, number(ms)), ...blocks))
  const info = element(0x1549a966, element(0x2ad7b1, number(1_000_000)), element(0x4489, float(ms)), element(0x4d80, text('stheno tests')), element(0x5741, text('stheno tests')))
  const video = element(0xe0, element(0xb0, number(width)), element(0xba, number(height)))
  const tracks = element(0x1654ae6b, element(0xae, element(0xd7, number(1)), element(0x73c5, number(1)), element(0x83, number(1)), element(0x86, text('V_VP8')), video))
  // Positions have a fixed width, so that the table's length does not hang on them.
  const cues = start => {
    let at = start
    return element(0x1c53bb6b, ...clusters.map(({ ms }, i) => {
      const position = element(0xb7, element(0xf7, number(1)), element(0xf1, number(at, 4)))
      at += written[i].length
      return element(0xbb, element(0xb3, number(ms, 4)), position)
    }))
  }
  const before = info.length + tracks.length + cues(0).length
  const head = element(0x1a45dfa3, element(0x4286, number(1)), element(0x42f7, number(1)), element(0x42f2, number(4)), element(0x42f3, number(8)), element(0x4282, text('webm')), element(0x4287, number(2)), element(0x4285, number(2)))
  return join([head, element(0x18538067, info, tracks, cues(before), ...written)])
}

function element (id, ...content) {
  const body = join(content)
  const name = number(id)
  const size = new Uint8Array(8)
  new DataView(size.buffer).setBigUint64(0, BigInt(body.length) | (1n << 56n))
  return join([name, size, body])
}

function number (value, width = 0) {
  const bytes = []
  for (let rest = value; rest > 0 || bytes.length === 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256)
  while (bytes.length < width) bytes.unshift(0)
  return new Uint8Array(bytes)
}

function float (value) {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setFloat64(0, value)
  return bytes
}

const text = value => new TextEncoder().encode(value)

function join (parts) {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}
