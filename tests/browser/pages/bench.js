// What the benchmark measures, in a page and in Node alike. Times in ms, speeds in MB/s.

const MIB = 1 << 20
const CIPHERS = ['aes-256-gcm', 'chacha20-poly1305']

/** From nothing to a file that is sealed: the code is loaded, compiled and has run. */
export async function measureLoad (index, key) {
  const began = performance.now()
  const stheno = await import(index)
  const { stream } = await stheno.encryptToKeys(new Uint8Array(1), [key.public])
  await drain(stream)
  return performance.now() - began
}

/** Everything else. */
export async function measure (index, { network: file, policy, key, mib, rounds }) {
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
  Object.assign(found, await combine(index, rounds))
  const bytes = mib * MIB
  for (const cipher of CIPHERS) {
    const speeds = { encrypt: [], decrypt: [] }
    for (let round = 0; round < 3; round++) {
      let began = performance.now()
      const { stream } = await stheno.encryptToKeys(zeros(bytes), [key.public], { cipher })
      const envelope = await new Response(stream).blob()
      speeds.encrypt.push(bytes / (performance.now() - began) / 1_000)
      const opened = await stheno.openWithKeys(envelope, [key.secret])
      began = performance.now()
      const came = await drain(opened.stream())
      speeds.decrypt.push(bytes / (performance.now() - began) / 1_000)
      if (came !== bytes) throw new Error(`${came} bytes of ${bytes}`)
      await opened.close()
    }
    for (const [way, all] of Object.entries(speeds)) found[`${way}:${cipher}`] = all.sort((a, b) => a - b)[1]
  }
  await network.close()
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
  return new ReadableStream({
    pull (controller) {
      if (!left) return controller.close()
      const part = Math.min(MIB, left)
      left -= part
      controller.enqueue(new Uint8Array(part))
    }
  }, { highWaterMark: 0 })
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

Object.assign(globalThis, { measure, measureLoad })
