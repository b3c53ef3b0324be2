// What the tests of the prover do, in a page and in Node alike. `at` is where the package lies.

export const bytesOf = hex => Uint8Array.from(hex.replace(/^0x/, '').match(/../g) ?? [], byte => parseInt(byte, 16))
export const hexOf = bytes => `0x${[...bytes].map(byte => byte.toString(16).padStart(2, '0')).join('')}`
const seedOf = byte => new Uint8Array(32).fill(byte)

/** What becomes of something: its value, or its failure as a plain object. */
export async function outcome (promise) {
  try {
    return { value: await promise }
  } catch ({ name, code, message, hint, denied }) {
    return { name, code, message, hint, denied }
  }
}

/** The credential of the frozen vectors; `u64::MAX` is in it, so that numbers have to be exact. */
const credentialOf = ({ attributes, expiry }) => ({ attributes: attributes.map(BigInt), expiry: BigInt(expiry) })

/** Who is in the frozen groups: two others, and a leaf. */
async function groupWith (prover, leaf) {
  const others = await Promise.all([1, 2].map(async byte => hexOf(await prover.leaf(seedOf(byte)))))
  return { depth: 20, leaves: [...others, leaf] }
}

const BOUNDS = { ranges: [{ low: 756, high: 756n }, { high: 2008 }, { low: 1n << 63n }], now: 1_790_000_000 }

/** What is proven in the frozen vectors, with `prover`. */
export async function frozenClaim (prover, circuit, { leaves, proofs }) {
  const { inputs } = proofs.find(proof => proof.circuit === circuit)
  const seed = bytesOf(leaves.seed)
  const credential = circuit.startsWith('credential') ? credentialOf(leaves) : undefined
  const group = await groupWith(prover, hexOf(await prover.leaf(seed, credential)))
  return { seed, credential, group, scope: inputs[2], binding: inputs[3], bounds: credential && BOUNDS }
}

/** What the module says of the frozen seed. */
export async function named (at, { leaves, nullifiers }) {
  const { Prover } = await import(`${at}/prover.js`)
  const prover = new Prover()
  const seed = bytesOf(leaves.seed)
  const all = await Promise.all([
    prover.memberCommitment(seed), prover.leaf(seed), prover.leaf(seed, credentialOf(leaves)), prover.nullifier(seed, nullifiers[0].scope)
  ])
  prover.close()
  const [commitment, member, credential, nullifier] = all.map(hexOf)
  return { commitment, member, credential, nullifier, kept: hexOf(seed) }
}

/** A frozen proof made again: the one thing that has to be given is what is random otherwise. In this thread. */
export async function again (at, circuit, url, frozen) {
  const wasm = await import(`${at}/prover/wasm.js`)
  await wasm.load()
  const { Prover } = await import(`${at}/prover.js`)
  const prover = new Prover()
  const claim = await frozenClaim(prover, circuit, frozen)
  prover.close()
  const { provingKeyHash, proofSeed, inputs } = frozen.proofs.find(proof => proof.circuit === circuit)
  const file = new Uint8Array(await (await fetch(url)).arrayBuffer())
  const key = wasm.Key.pinned(file, bytesOf(provingKeyHash), true)
  const { attributes, expiry } = claim.credential ?? {}
  const member = new wasm.Member(claim.seed, attributes && BigUint64Array.from([...attributes, expiry]))
  const bounds = claim.bounds && BigUint64Array.from(inputs.slice(4), input => BigInt(input))
  const group = new wasm.KnownGroup(JSON.stringify(claim.group))
  const statement = group.statement(bytesOf(claim.scope), bytesOf(claim.binding), bounds)
  const proof = key.prove(statement, member, bytesOf(proofSeed), () => {})
  const facts = { circuit: key.circuit, verifyingHash: key.verifyingHash, root: hexOf(group.root) }
  for (const handle of [key, member, statement, group]) handle.free()
  return { ...facts, proof: hexOf(proof) }
}

/** A frozen statement proven anew, as an application does; told phases and times. */
export async function present (at, circuit, source, options, frozen) {
  const { Prover } = await import(`${at}/prover.js`)
  const prover = new Prover()
  const phases = []
  const onProgress = progress => phases.push({ ...progress, at: performance.now() })
  const key = await prover.loadKey(source, { ...options, onProgress })
  const claim = await frozenClaim(prover, circuit, frozen)
  const seed = hexOf(claim.seed)
  const began = performance.now()
  const proof = await prover.prove(key, claim, { onProgress })
  const seconds = (performance.now() - began) / 1_000
  const { hash, verifyingHash, bytes, kept } = key
  const memory = await prover.memory()
  prover.close()
  return { circuit: key.circuit, hash, verifyingHash, bytes, kept, phases, seconds, memory, proof: hexOf(proof), seedIsKept: hexOf(claim.seed) === seed }
}

/** What is refused of keys: files at addresses. The verifying hash is the small one's. */
export async function refusedKeys (at, { good, small, other, gone, wrong, stops, hangs, slow, verifying, offCurve, swapped, swappedSmall }, { hash, verifyingHash, swappedHash }, frozen) {
  const { Prover } = await import(`${at}/prover.js`)
  const prover = new Prover()
  const development = true
  const load = (source, options) => outcome(prover.loadKey(source, { development, hash, ...options }).then(({ circuit }) => circuit))
  const uncached = async work => {
    await globalThis.caches?.delete('stheno-proving-keys')
    return await work()
  }
  const file = new Uint8Array(await (await fetch(good)).arrayBuffer())
  const found = {
    production: await load(good, { development: false }),
    otherHash: await load(other),
    oneByte: await load(wrong),
    gone: await load(gone),
    stops: await load(stops),
    hangs: await load(hangs, { patience: { stall: 500 } }),
    late: await load(slow, { patience: { total: 1_000 } }),
    truncated: await load(file.subarray(0, 1_000_000)),
    noKey: await load(new Uint8Array(100)),
    verifyingFile: await load(verifying, { hash: undefined, verifyingHash }),
    noHash: await load(good, { hash: undefined }),
    shortHash: await load(good, { hash: '0x12' }),
    nowhere: await load([]),
    // The first address that serves it will do.
    second: await load([gone, wrong, good]),
    hangsFirst: await uncached(() => load([hangs, good], { patience: { stall: 500 } })),
    otherVerifying: await load(small, { hash: undefined, verifyingHash: hash }),
    // Before the good one, which would be found in the cache.
    offCurve: await load(offCurve, { hash: undefined, verifyingHash }),
    untried: await load(swappedSmall, { hash: undefined, verifyingHash }),
    byVerifying: await load(small, { hash: undefined, verifyingHash })
  }
  // Whoever pins a broken key gets it, but no proof.
  const key = await prover.loadKey(swapped, { development, hash: swappedHash })
  found.swapped = await outcome(prover.prove(key, await frozenClaim(prover, key.circuit, frozen)))
  prover.close()
  return found
}

/** What is refused of statements, by a key for `membership-20-v1` and one for `credential-20-v1`. */
export async function refusedClaims (at, keys, frozen) {
  const { Prover } = await import(`${at}/prover.js`)
  const prover = new Prover()
  const [member, holder] = await Promise.all(keys.map(({ url, hash }) => prover.loadKey(url, { hash, development: true })))
  const plain = await frozenClaim(prover, 'membership-20-v1', frozen)
  const held = await frozenClaim(prover, 'credential-20-v1', frozen)
  const group = more => ({ ...plain.group, ...more })
  const tried = (key, claim, more) => outcome(prover.prove(key, { ...claim, ...more }))
  const found = {
    depth33: await tried(member, plain, { group: group({ depth: 33 }) }),
    depth32: await tried(member, plain, { group: group({ depth: 32 }) }),
    duplicate: await tried(member, plain, { group: group({ leaves: [...plain.group.leaves, plain.group.leaves[0]] }) }),
    full: await tried(member, plain, { group: group({ depth: 1 }) }),
    empty: await tried(member, plain, { group: group({ leaves: [null] }) }),
    noGroup: await tried(member, plain, { group: '{' }),
    stranger: await tried(member, plain, { seed: new Uint8Array(32).fill(9) }),
    removed: await tried(member, plain, { group: group({ leaves: [...plain.group.leaves.slice(0, 2), null] }) }),
    credentialForMember: await tried(member, held),
    memberForCredential: await tried(holder, plain),
    noAttributes: await tried(holder, held, { credential: undefined }),
    noBounds: await tried(member, plain, { credential: held.credential }),
    otherAttributes: await tried(holder, held, { credential: { ...held.credential, attributes: [1n, 2n, 3n, 4n] } }),
    below: await tried(holder, held, { bounds: { ...BOUNDS, ranges: [{ low: 757 }] } }),
    above: await tried(holder, held, { bounds: { ...BOUNDS, ranges: [{}, { high: 1989 }] } }),
    expired: await tried(holder, held, { bounds: { ...BOUNDS, now: 1_800_000_001 } }),
    inexact: await tried(holder, held, { bounds: { ...BOUNDS, now: 2 ** 60 } }),
    shortSeed: await tried(member, plain, { seed: new Uint8Array(31) }),
    scope: await tried(member, plain, { scope: `0x${'ff'.repeat(32)}` })
  }
  await member.free()
  found.freed = await tried(member, plain)
  prover.close()
  found.closed = await tried(holder, held)
  return found
}

/** Gives up in the middle of a download and in the middle of a proof, and proves all the same afterwards. */
export async function abort (at, { good, slow }, hash, frozen) {
  const { Prover } = await import(`${at}/prover.js`)
  const prover = new Prover()
  const told = async (phase, work) => {
    const controller = new AbortController()
    let ended
    const onProgress = progress => {
      if (progress.phase !== phase || ended) return
      ended = performance.now()
      controller.abort()
    }
    const found = await outcome(work({ signal: controller.signal, onProgress }))
    return { name: found.name, code: found.code, value: typeof found.value, ms: performance.now() - ended }
  }
  const before = await outcome(prover.loadKey(good, { hash, development: true, signal: AbortSignal.abort() }))
  const download = await told('fetch', options => prover.loadKey(slow, { hash, development: true, ...options }))
  const key = await prover.loadKey(good, { hash, development: true })
  const claim = await frozenClaim(prover, 'membership-20-v1', frozen)
  const proof = await told('prove', options => prover.prove(key, claim, options))
  // One that waits for its turn, and one that has it: giving up the first ends nothing of the second.
  const controller = new AbortController()
  const phases = []
  const whole = prover.prove(key, claim, { onProgress: ({ phase }) => phases.push(phase) })
  const waiting = outcome(prover.prove(key, claim, { signal: controller.signal }))
  controller.abort()
  const waited = await waiting
  const result = hexOf(await whole)
  prover.close()
  return { before: before.name, download, proof, waited: waited.name, phases, result }
}

/** What becomes of a key when the prover's memory cannot grow. The prover stays. */
export async function exhausted (at, url, hash) {
  const { Prover } = await import(`${at}/prover.js`)
  globalThis.prover = new Prover()
  return await outcome(prover.loadKey(url, { hash, development: true }))
}

/** The same prover, when its memory can. */
export async function recovered (at, url, hash, frozen) {
  const key = await prover.loadKey(url, { hash, development: true })
  const proof = await prover.prove(key, await frozenClaim(prover, 'membership-20-v1', frozen))
  prover.close()
  return hexOf(proof)
}
