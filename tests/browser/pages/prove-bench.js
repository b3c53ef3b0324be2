// What a proof costs, in a page and in Node alike. Times in ms.

const seed = new Uint8Array(32).fill(7)
const word = number => new Uint8Array(32).fill(number, 31)
const hexOf = bytes => `0x${[...bytes].map(byte => byte.toString(16).padStart(2, '0')).join('')}`

/** By circuit: reading its key, proving, and each phase of that. `tell` is told what is being done. */
export async function measure (at, { circuit, url, hash, verifyingHash, rounds }, tell) {
  const { Prover } = await import(`${at}/prover.js`)
  const file = new Uint8Array(await (await fetch(url)).arrayBuffer())
  const found = { read: [], checked: [], whole: [], memory: 0 }
  const read = async (prover, options) => {
    let began
    const onProgress = ({ phase }) => { if (phase === 'read') began = performance.now() }
    const key = await prover.loadKey(file, { development: true, onProgress, ...options })
    return [key, performance.now() - began]
  }
  tell('checking and trying the key')
  const checking = new Prover()
  found.checked.push((await read(checking, { verifyingHash }))[1])
  checking.close()

  const prover = new Prover()
  const credential = circuit.startsWith('credential') ? { attributes: [1, 2, 3, 4], expiry: 5 } : undefined
  const group = { depth: Number(circuit.split('-')[1]), leaves: [hexOf(await prover.leaf(seed, credential))] }
  const claim = { seed, credential, group, scope: word(1), binding: word(2), bounds: credential && { ranges: [], now: 0 } }
  let key
  for (let round = 0; round < rounds; round++) {
    tell(`reading the key, ${round + 1} of ${rounds}`)
    const [taken, ms] = await read(prover, { hash })
    await key?.free()
    key = taken
    found.read.push(ms)
  }
  // The first does not count: it is compiled for speed only while it runs.
  for (let round = -1; round < rounds; round++) {
    tell(round < 0 ? 'proving, to warm up' : `proving, ${round + 1} of ${rounds}`)
    const times = []
    const began = performance.now()
    await prover.prove(key, claim, { onProgress: ({ phase }) => times.push([phase, performance.now()]) })
    times.push(['', performance.now()])
    if (round < 0) {
      found.first = times.at(-1)[1] - began
      continue
    }
    found.whole.push(times.at(-1)[1] - began)
    for (const [at, [phase, time]] of times.slice(0, -1).entries()) (found[phase] ??= []).push(times[at + 1][1] - time)
  }
  found.memory = await prover.memory()
  prover.close()
  return found
}
