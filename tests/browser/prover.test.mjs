// Proofs made in WebAssembly, in Chromium and in Node, and verified by the native library.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { copyFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'

import * as prove from './pages/prove.js'
import { DIST, KEYS, VECTORS } from './places.mjs'
import { PageServer } from './servers.mjs'
import { Stage } from './stage.mjs'

const run = promisify(execFile)
const frozen = JSON.parse(readFileSync(join(VECTORS, 'circuits.json'), 'utf8'))
const MEMBERSHIP = 'membership-20-v1'
const CREDENTIAL = 'credential-20-v1'
/** Small, so that every point of its key is checked in a second. */
const SMALL = 'membership-1-v1'
/** Of one proof, on a machine that does other things, too. */
const PATIENCE = 60_000

let stage
let folder
const hashes = {}
before(async () => {
  stage = await Stage.set({ devnet: false })
  folder = mkdtempSync(join(tmpdir(), 'stheno-prover-'))
  const seed = frozen.proofs[0].setupSeed.slice(2)
  for (const circuit of [MEMBERSHIP, CREDENTIAL, SMALL]) {
    const { stdout } = await run(KEYS, ['make', circuit, seed, folder])
    hashes[circuit] = JSON.parse(stdout)
    for (const half of ['proving', 'verifying']) copyFileSync(join(folder, `${circuit}.${half}`), stage.storage.path(`${circuit}.${half}`))
  }
})
after(async () => {
  await stage?.end()
  if (folder) rmSync(folder, { recursive: true, force: true })
})

const url = (circuit, fault, half = 'proving') => stage.storage.url(`${circuit}.${half}`, fault)
const frozenProof = circuit => frozen.proofs.find(proof => proof.circuit === circuit)

/** Whether a proof is true of these inputs, by the native library; what it says if not. */
async function verified (circuit, inputs, proof) {
  const verifying = run(KEYS, ['verify', join(folder, `${circuit}.verifying`)])
  verifying.child.stdin.end(JSON.stringify({ inputs, proof }))
  return await verifying.then(() => true, ({ stderr }) => stderr)
}

/** The parts of what a prover hands out. */
function parts (presentation) {
  assert.equal(presentation.length, 2 + 2 * 256)
  return { root: presentation.slice(0, 66), nullifier: `0x${presentation.slice(66, 130)}`, proof: `0x${presentation.slice(130)}` }
}

/** `pages/prove.js` in each place, with the package as it lies there. */
const places = {
  Chromium: (name, ...args) => stage.in(undefined, page => {
    page.setDefaultTimeout(PATIENCE)
    return page.evaluate(async ([name, args]) => (await import('/prove.js'))[name]('/stheno', ...args), [name, args])
  }),
  Node: (name, ...args) => prove[name](DIST, ...args)
}

for (const [place, work] of Object.entries(places)) {
  describe(place, () => {
    test('commitment, leaves and nullifier are the frozen ones, and the seed stays the caller\'s', async () => {
      const { commitment, member, credential, seed } = frozen.leaves
      const { nullifier } = frozen.nullifiers[0]
      assert.deepEqual(await work('named', frozen), { commitment, member, credential, nullifier, kept: seed })
    })

    for (const circuit of [MEMBERSHIP, CREDENTIAL]) {
      test(`${circuit}: the frozen proof comes out again, byte for byte`, { timeout: PATIENCE }, async () => {
        const found = await work('again', circuit, url(circuit), frozen)
        const { inputs, proof, verifyingKeyHash } = frozenProof(circuit)
        const shown = parts(found.proof)
        assert.deepEqual(found, { circuit, verifyingHash: verifyingKeyHash, root: inputs[0], proof: found.proof })
        assert.deepEqual(shown, { root: inputs[0], nullifier: inputs[1], proof })
      })

      test(`${circuit}: a proof of its own is true, of its inputs alone`, { timeout: PATIENCE }, async () => {
        const { proving, verifying } = hashes[circuit]
        const found = await work('present', circuit, url(circuit), { hash: proving, development: true }, frozen)
        const { inputs } = frozenProof(circuit)
        const { root, nullifier, proof } = parts(found.proof)
        assert.deepEqual([root, nullifier], inputs.slice(0, 2))
        assert.notEqual(proof, frozenProof(circuit).proof, 'it is blinded by randomness of its own')
        assert.equal(await verified(circuit, inputs, proof), true)
        for (const at of inputs.keys()) {
          const other = inputs.with(at, `0x${'0'.repeat(63)}5`)
          assert.match(await verified(circuit, other, proof), /Error/, `input ${at}`)
        }
        const size = readFileSync(join(folder, `${circuit}.proving`)).length
        assert.deepEqual([found.circuit, found.hash, found.verifyingHash, found.bytes], [circuit, proving, verifying, size])
        assert.equal(found.kept, place === 'Node' ? 'memory' : 'cache')
        assert.equal(found.seedIsKept, true)
        const names = found.phases.map(({ phase }) => phase)
        assert.deepEqual([...new Set(names)], ['fetch', 'read', 'group', 'check', 'assign', 'prove', 'verify'])
        const fetched = found.phases.filter(({ phase }) => phase === 'fetch')
        assert.deepEqual(fetched[0], { phase: 'fetch', done: 0, total: size, at: fetched[0].at })
        assert.equal(fetched.at(-1).done, size)
        assert.ok(fetched.length > 3, `${fetched.length} reports of ${size} bytes`)
        console.log(`${place}, ${circuit}: ${found.seconds.toFixed(1)} s, ${(found.memory / (1 << 20)).toFixed(0)} MiB`)
      })
    }

    test('keys are refused unless they are whole, the right ones, and allowed', { timeout: 2 * PATIENCE }, async () => {
      const file = readFileSync(join(folder, `${MEMBERSHIP}.proving`))
      // Its last point is none; its last points change places. Only who knows its own hash neither looks nor tries.
      const small = readFileSync(join(folder, `${SMALL}.proving`))
      const offCurve = Buffer.from(small).fill(1, small.length - 1)
      const [swapped, swappedSmall] = [file, small].map(key => Buffer.concat([key.subarray(0, -192), key.subarray(-96), key.subarray(-192, -96)]))
      const addresses = {
        good: url(MEMBERSHIP), small: url(SMALL), other: url(CREDENTIAL), verifying: url(MEMBERSHIP, 'good', 'verifying'),
        ...Object.fromEntries(['gone', 'wrong', 'stops', 'hangs', 'slow'].map(fault => [fault, url(MEMBERSHIP, fault)])),
        offCurve: stage.storage.put('off-curve', offCurve), swapped: stage.storage.put('swapped', swapped),
        swappedSmall: stage.storage.put('swapped-small', swappedSmall)
      }
      const { proving } = hashes[MEMBERSHIP]
      const swappedHash = `0x${createHash('sha256').update(swapped).digest('hex')}`
      const found = await work('refusedKeys', addresses, { hash: proving, verifyingHash: hashes[SMALL].verifying, swappedHash }, frozen)
      const codes = Object.fromEntries(Object.entries(found).map(([name, { value, code }]) => [name, value ?? code]))
      assert.deepEqual(codes, {
        production: 'proving_key_development',
        otherHash: 'proving_key_mismatch',
        oneByte: 'proving_key_mismatch',
        gone: 'source_unreachable',
        stops: 'source_unreachable',
        hangs: 'source_unreachable',
        late: 'source_unreachable',
        hangsFirst: MEMBERSHIP,
        truncated: 'proving_key_truncated',
        noKey: 'proving_key_mismatch',
        verifyingFile: 'proving_key_broken',
        noHash: 'bad_argument',
        shortHash: 'bad_argument',
        nowhere: 'bad_argument',
        second: MEMBERSHIP,
        otherVerifying: 'proving_key_mismatch',
        byVerifying: SMALL,
        offCurve: 'proving_key_broken',
        untried: 'proving_key_broken',
        swapped: 'proving_key_broken'
      })
      assert.match(found.otherHash.message, new RegExp(`is ${hashes[CREDENTIAL].proving}, not ${proving}$`))
      assert.match(found.hangs.message, /nothing came for 0\.5 s$/)
      assert.match(found.late.message, /not all of it came in 1 s$/)
      assert.match(found.untried.message, /makes proofs that do not verify/)
      assert.match(found.truncated.message, new RegExp(`should have ${file.length} bytes, it has 1000000`))
      for (const { code, message, hint } of Object.values(found)) if (code) assert.ok(message && hint, code)
    })

    test('statements are refused that are not true, or of another circuit', { timeout: 2 * PATIENCE }, async () => {
      const keys = [MEMBERSHIP, CREDENTIAL].map(circuit => ({ url: url(circuit), hash: hashes[circuit].proving }))
      const found = await work('refusedClaims', keys, frozen)
      const codes = Object.fromEntries(Object.entries(found).map(([name, { value, code, denied }]) => [name, `${value ?? code}${denied ? ', denied' : ''}`]))
      assert.deepEqual(codes, {
        depth33: 'bad_group',
        depth32: 'other_circuit',
        duplicate: 'bad_group',
        full: 'bad_group',
        empty: 'bad_group',
        noGroup: 'bad_group',
        stranger: 'not_a_member, denied',
        removed: 'not_a_member, denied',
        credentialForMember: 'other_circuit',
        memberForCredential: 'other_circuit',
        noAttributes: 'bad_argument',
        noBounds: 'bad_argument',
        otherAttributes: 'not_a_member, denied',
        below: 'out_of_bounds, denied',
        above: 'out_of_bounds, denied',
        expired: 'credential_expired, denied',
        inexact: 'bad_argument',
        shortSeed: 'bad_argument',
        scope: 'bad_argument',
        freed: 'closed',
        closed: 'closed'
      })
      assert.match(found.depth33.message, /depth 33 is not supported/)
      assert.match(found.duplicate.message, /already, as number 0/)
      assert.match(found.depth32.message, /the key is for membership-20-v1, and what is to be proven takes membership-32-v1/)
    })

    test('download and proof can be given up, and the prover goes on', { timeout: 2 * PATIENCE }, async () => {
      const addresses = { good: url(MEMBERSHIP), slow: url(MEMBERSHIP, 'slow') }
      const found = await work('abort', addresses, hashes[MEMBERSHIP].proving, frozen)
      assert.equal(found.before, 'AbortError')
      assert.equal(found.waited, 'AbortError')
      for (const { name, value, ms } of [found.download, found.proof]) {
        assert.deepEqual([name, value], ['AbortError', 'undefined'])
        assert.ok(ms < 500, `${ms} ms`)
      }
      assert.equal(await verified(MEMBERSHIP, frozenProof(MEMBERSHIP).inputs, parts(found.result).proof), true)
      assert.deepEqual(found.phases.slice(-5), ['group', 'check', 'assign', 'prove', 'verify'])
      assert.ok(found.phases.includes('read'), 'its key came back into the new worker')
    })
  })
}

/** Put before the worker's script: from here on its memory cannot grow. */
const EXHAUST = "import { load } from './wasm.js'\nconst memory = await load()\nmemory.grow(65_536 - memory.buffer.byteLength / 65_536)\n"

test('worker that runs out of memory says so, and another takes its place', { timeout: 2 * PATIENCE }, async () => {
  const copy = join(folder, 'package')
  cpSync(DIST, copy, { recursive: true })
  const script = join(copy, 'prover/worker.js')
  const whole = readFileSync(script)
  writeFileSync(script, EXHAUST + whole)
  const server = await PageServer.start({ '/': join(import.meta.dirname, 'pages'), '/stheno/': copy })
  try {
    await stage.in(undefined, async page => {
      await page.goto(`${server.origin}/harness.html`)
      const run = (name, ...args) => page.evaluate(async ([name, args]) => (await import('/prove.js'))[name]('/stheno', ...args), [name, args])
      const failed = await run('exhausted', url(MEMBERSHIP), hashes[MEMBERSHIP].proving)
      assert.equal(failed.code, 'out_of_memory', JSON.stringify(failed))
      assert.match(failed.hint, /try again/)
      writeFileSync(script, whole)
      const proof = await run('recovered', url(MEMBERSHIP), hashes[MEMBERSHIP].proving, frozen)
      assert.equal(await verified(MEMBERSHIP, frozenProof(MEMBERSHIP).inputs, parts(proof).proof), true)
    })
  } finally {
    await server.stop()
  }
})

test('another page of the origin finds the key in the cache, and damage there is no harm', { timeout: 2 * PATIENCE }, async () => {
  await stage.in(undefined, async page => {
    const load = () => page.evaluate(async ([url, hash]) => {
      const { Prover } = await import('/stheno/prover.js')
      const prover = new Prover()
      const phases = new Set()
      const key = await prover.loadKey(url, { hash, development: true, onProgress: ({ phase }) => phases.add(phase) })
      prover.close()
      return { kept: key.kept, phases: [...phases] }
    }, [url(MEMBERSHIP), hashes[MEMBERSHIP].proving])
    const fetched = { kept: 'cache', phases: ['fetch', 'read'] }
    assert.deepEqual(await load(), fetched)
    await stage.harness(page)
    assert.deepEqual(await load(), { kept: 'cache', phases: ['read'] })
    await page.evaluate(async () => {
      const cache = await caches.open('stheno-proving-keys')
      const [request, ...others] = await cache.keys()
      if (others.length) throw new Error('one key was expected')
      await cache.put(request, new Response(new Uint8Array(1_000)))
    })
    assert.deepEqual(await load(), { ...fetched, phases: ['read', 'fetch'] })
    assert.deepEqual(await load(), { kept: 'cache', phases: ['read'] })
  })
})

test('page that never proves fetches nothing of the prover', async () => {
  await stage.in(undefined, async page => {
    const asked = []
    page.context().on('request', request => asked.push(new URL(request.url()).pathname))
    const version = await page.evaluate(() => stheno.version())
    assert.equal(typeof version, 'string')
    assert.ok(asked.length > 0 && !asked.some(path => /prover/.test(path)), asked.join(' '))
  })
})

test('script in Node proves without and with a worker, and ends by itself', { timeout: 2 * PATIENCE }, async () => {
  for (const worker of [true, false]) {
    const script = join(folder, 'script.mjs')
    writeFileSync(script, `
      import { Prover } from ${JSON.stringify(join(DIST, 'prover.js'))}
      import { frozenClaim, hexOf } from ${JSON.stringify(join(import.meta.dirname, 'pages/prove.js'))}
      import { readFileSync } from 'node:fs'
      const frozen = JSON.parse(readFileSync(${JSON.stringify(join(VECTORS, 'circuits.json'))}, 'utf8'))
      const prover = new Prover({ worker: ${worker} })
      const file = readFileSync(${JSON.stringify(join(folder, `${MEMBERSHIP}.proving`))})
      const key = await prover.loadKey(file, { hash: ${JSON.stringify(hashes[MEMBERSHIP].proving)}, development: true })
      let beats = 0
      const heart = setInterval(() => beats++, 20)
      const proof = await prover.prove(key, await frozenClaim(prover, ${JSON.stringify(MEMBERSHIP)}, frozen))
      clearInterval(heart)
      console.log(JSON.stringify({ proof: hexOf(proof), beats }))
    `)
    const running = run(process.execPath, [script], { timeout: PATIENCE })
    const [code] = await once(running.child, 'exit')
    const { stdout, stderr } = await running
    const { proof, beats } = JSON.parse(stdout)
    assert.deepEqual([code, stderr], [0, ''])
    assert.ok(worker ? beats > 10 : beats < 10, `${beats} ticks of a clock, with a worker: ${worker}`)
    assert.equal(await verified(MEMBERSHIP, frozenProof(MEMBERSHIP).inputs, parts(proof).proof), true)
  }
})
