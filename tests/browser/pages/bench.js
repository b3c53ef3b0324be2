// What the benchmark measures, in a page and in Node alike. Times in ms, speeds in MB/s.

const MIB = 1 << 20
const CIPHERS = ['aes-256-gcm', 'chacha20-poly1305']

/** From nothing to a file that is sealed: the code is loaded, compiled and has run. */
export async function measureLoad (index, { key }) {
  const began = performance.now()
  const stheno = await import(index)
  const { stream } = await stheno.encryptToKeys(new Uint8Array(1), [key.public])
  await drain(stream)
  return performance.now() - began
}

/** What nodes have a part in, and shares. */
export async function measureReading (index, { network: file, policy, rounds }) {
  const stheno = await import(index)
  const network = await stheno.Network.connect(file)
  const found = {}
  const small = new Uint8Array(1_000)
  let sealed
  found.seal = await times(rounds, async () => {
    const { stream } = await network.encrypt(small, policy)
    sealed = new Uint8Array(await new Response(stream).arrayBuffer())
  })
  found.open = await times(rounds, async () => {
    const opened = await network.open(sealed)
    await opened.close()
  })
  await network.close()
  return Object.assign(found, await combine(index, rounds))
}

/** Bytes by the second, of every cipher. */
export async function measureBytes (index, { key, mib }) {
  const stheno = await import(index)
  const found = {}
  const bytes = mib * MIB
  const speed = async work => {
    const began = performance.now()
    const came = await work()
    // Of an envelope there is more: its header and its tags.
    if (came < bytes) throw new Error(`${came} bytes of ${bytes}`)
    return bytes / (performance.now() - began) / 1_000
  }
  const median = async (work, rounds = 7) => {
    const all = []
    for (let round = 0; round < rounds; round++) all.push(await work())
    return all.sort((a, b) => a - b)[rounds >> 1]
  }
  // A browser keeps what became a Blob until it has time to look.
  const BLOBS = 3
  for (const cipher of CIPHERS) {
    const encrypt = async source => (await stheno.encryptToKeys(source, [key.public], { cipher })).stream
    const decrypted = async (source, work, rounds) => {
      const file = await stheno.openWithKeys(source, [key.secret])
      const found = await median(() => speed(() => work(file.stream())), rounds)
      await file.close()
      return found
    }
    // From memory to whoever reads the stream; and as a page has files: from a Blob into a Blob.
    found[`encrypt:${cipher}`] = await median(() => speed(async () => drain(await encrypt(zeros(bytes)))))
    const envelope = await new Response(await encrypt(zeros(bytes))).blob()
    found[`decrypt:${cipher}`] = await decrypted(new Uint8Array(await envelope.arrayBuffer()), drain)
    const blob = new Blob([new Uint8Array(bytes)])
    found[`encrypt blob:${cipher}`] = await median(() => speed(async () => store(await encrypt(blob))), BLOBS)
    found[`decrypt blob:${cipher}`] = await decrypted(envelope, store, BLOBS)
  }
  // What the platform would give: the same chunks, without a format, a worker or a stream.
  found.webcrypto = await median(() => speed(() => rawAes(bytes)))
  found.blob = await median(() => speed(() => copied(new Blob([new Uint8Array(bytes)]))), BLOBS)
  return found
}

/** Shares are made here, too, by an entry that only a build with the feature `bench` has. */
async function combine (index, rounds) {
  const wasm = await import(index.replace(/index\.js$/, 'wasm.js'))
  await wasm.load()
  if (!wasm.Combining) return {}
  const found = {}
  for (const [name, threshold, nodes] of [['combine64', 43, 64], ['combine128', 86, 128]]) {
    const shares = new wasm.Combining(threshold, nodes)
    found[name] = await times(Math.ceil(rounds / 3), () => {
      if (!shares.run()) throw new Error(`${threshold} of ${nodes} did not open`)
    })
    shares.free()
  }
  return found
}

/** How long each round takes, after one that does not count. */
async function times (rounds, work) {
  await work()
  const all = []
  for (let round = 0; round < rounds; round++) {
    const began = performance.now()
    await work()
    all.push(performance.now() - began)
  }
  return all
}

function zeros (length) {
  let left = length
  // The same bytes again: what is measured is not how fast a page has new memory.
  const zeros = new Uint8Array(MIB)
  return new ReadableStream({
    pull (controller) {
      if (!left) return controller.close()
      const part = Math.min(MIB, left)
      left -= part
      controller.enqueue(zeros.subarray(0, part))
    }
  }, { highWaterMark: 0 })
}

async function store (stream) {
  return (await new Response(stream).blob()).size
}

/** AES-256-GCM by chunks of 256 KiB, eight at once. */
async function rawAes (bytes) {
  const key = await crypto.subtle.importKey('raw', new Uint8Array(32), 'AES-GCM', false, ['encrypt'])
  const chunk = new Uint8Array(256 << 10)
  let left = bytes / chunk.length
  const work = async () => {
    while (left-- > 0) await crypto.subtle.encrypt({ name: 'AES-GCM', iv: new Uint8Array(12) }, key, chunk)
  }
  await Promise.all(Array.from({ length: 8 }, work))
  return bytes
}

/** A Blob read by pieces of 1 MiB into another, without any cipher. */
async function copied (blob) {
  let at = 0
  const stream = new ReadableStream({
    async pull (controller) {
      if (at >= blob.size) return controller.close()
      const part = blob.slice(at, at + MIB)
      at += part.size
      controller.enqueue(new Uint8Array(await part.arrayBuffer()))
    }
  }, { highWaterMark: 2 })
  return await store(stream)
}

async function drain (stream) {
  const reader = stream.getReader()
  let bytes = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return bytes
    bytes += value.length
  }
}

Object.assign(globalThis, { measureBytes, measureLoad, measureReading })
