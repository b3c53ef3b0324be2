// Reading by condition: refused with reasons, bought, opened; sessions; and the command beside the page.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'

import { makeKey, sthenoJson } from './command.mjs'
import { sell } from './goods.mjs'
import { noise } from './noise.mjs'
import { Stage, connect } from './stage.mjs'

let stage
before(async () => { stage = await Stage.set() })
after(() => stage?.end())

const CIPHERS = ['aes-256-gcm', 'chacha20-poly1305']

test('network says what its file says', async () => {
  const { devnet } = stage
  await stage.in(undefined, async page => {
    await connect(page, devnet, { wallet: false })
    const { name, chain_id: chainId } = devnet.networkFile
    const found = await page.evaluate(async text => {
      const { id, name, chainId, threshold, nodes } = network
      const again = await stheno.Network.connect(text)
      const sameId = again.id === id
      await again.close()
      return { id, name, chainId, threshold, nodes, sameId }
    }, readFileSync(devnet.networkPath, 'utf8'))
    assert.match(found.id, /^0x[0-9a-f]{64}$/)
    assert.deepEqual(found, { id: found.id, name, chainId: chainId ?? devnet.chainId, threshold: 3, nodes: 5, sameId: true })
  })
})

test('file for everybody opens without a wallet', async () => {
  await stage.in(undefined, async page => {
    await connect(page, stage.devnet, { wallet: false })
    const found = await page.evaluate(async policy => {
      const plain = noise(1, 300_001)
      const sealing = await network.encrypt(plain, policy)
      const sealed = await collect(sealing.stream)
      const events = []
      const file = await network.open(sealed, { onEvent: event => events.push(event) })
      const whole = same(await file.bytes(), plain)
      const part = await network.openRange(sealed, 100, 262_200)
      const stream = await network.decrypt(new Blob([sealed]).stream())
      return {
        whole, part: same(part, plain.subarray(100, 262_200)), stream: same(await collect(stream), plain), events: events.map(({ kind }) => kind), asking: events[0],
        about: file.about.recipients[0], item: sealing.item, digest: sealing.policy, network: [sealing.network, network.id],
        policy: (await stheno.Policy.parse(policy)).digest
      }
    }, stage.devnet.openPolicy)
    assert.ok(found.whole && found.part && found.stream, JSON.stringify(found))
    assert.equal(found.events[0], 'asking')
    assert.equal(found.events.at(-1), 'opened')
    assert.equal(found.asking.threshold, 3)
    assert.equal(found.about.item, found.item)
    assert.equal(found.about.policyDigest, found.digest)
    assert.equal(found.policy, found.digest)
    assert.equal(found.network[0], found.network[1])
  })
})

test('page that wants no worker has everything in its own thread', async () => {
  const wallet = stage.wallet(stage.devnet.keyOf('reader'))
  await stage.in(wallet, async page => {
    const found = await page.evaluate(async ([file, policy, ciphers]) => {
      const started = []
      const { Worker } = globalThis
      globalThis.Worker = class extends Worker {
        constructor (...args) {
          super(...args)
          started.push(String(args[0]))
        }
      }
      const network = await stheno.Network.connect(file, { worker: false })
      const wallet = await stheno.Wallet.connect(window.ethereum)
      const faults = []
      for (const cipher of ciphers) {
        const plain = noise(5, 5_000_001)
        const sealed = await collect((await network.encrypt(new Blob([plain]).stream(), policy, { cipher })).stream)
        const file = await network.open(sealed, { reader: wallet })
        if (!same(await file.bytes(), plain)) faults.push(`${cipher}: other bytes`)
        const stream = await network.decrypt(new Blob([sealed]).stream(), { reader: wallet })
        if (!same(await collect(stream), plain)) faults.push(`${cipher}: other stream`)
      }
      const refused = await failure(network.open(new Uint8Array(3)))
      await network.close()
      globalThis.Worker = Worker
      return { faults, started, code: refused.code, closed: (await failure(network.open(new Uint8Array(3)))).code }
    }, [stage.devnet.networkFile, stage.devnet.passPolicy, CIPHERS])
    assert.deepEqual(found, { faults: [], started: [], code: 'bad_envelope', closed: 'closed' })
  })
})

test('file that is closed while it is read is freed, its key with it, when the read has ended', async () => {
  await stage.in(undefined, async page => {
    const found = await page.evaluate(async ([file, policy]) => {
      const { OpenedFile } = await import('/stheno/wasm.js')
      let [freed, open] = [0, 0]
      const { free, stream } = OpenedFile.prototype
      OpenedFile.prototype.free = function () { free.call(this); freed++ }
      // At work for as long as the test wants.
      let go
      const wait = new Promise(resolve => { go = resolve })
      OpenedFile.prototype.stream = async function (...args) {
        open++
        const parts = await stream.apply(this, args)
        await wait
        return parts
      }
      const network = await stheno.Network.connect(file, { worker: false })
      const plain = noise(6, 700_001)
      const opened = await network.open(await collect((await network.encrypt(plain, policy)).stream))
      const part = opened.range(0, plain.length)
      while (!open) await new Promise(resolve => setTimeout(resolve))
      await opened.close()
      const before = freed
      const again = await failure(opened.range(0, 1))
      go()
      const read = same(await part, plain)
      const after = freed
      const idle = await network.open(await collect((await network.encrypt(plain, policy)).stream))
      await idle.close()
      await network.close()
      Object.assign(OpenedFile.prototype, { free, stream })
      return { before, again: again.code, read, after, idle: freed }
    }, [stage.devnet.networkFile, stage.devnet.openPolicy])
    assert.deepEqual(found, { before: 0, again: 'closed', read: true, after: 1, idle: 2 })
  })
})

for (const cipher of CIPHERS) {
  test(`stream is sealed and opened whatever its parts are, and they stay the page's own, with ${cipher}`, async () => {
    const key = await makeKey(stage.storage.path(`parts-${cipher}`))
    await stage.in(undefined, async page => {
      await connect(page, stage.devnet, { wallet: false })
      const found = await page.evaluate(async ([key, cipher]) => {
        const plain = noise(9, 9_000_001)
        const given = []
        // Each part in a buffer of its own, or all in one; of one byte, of a few, of a MiB and more.
        const cut = (bytes, sizes, apart) => {
          let [at, turn] = [0, 0]
          return new ReadableStream({
            pull (controller) {
              if (at >= bytes.length) return controller.close()
              const part = bytes.subarray(at, at += sizes[turn++ % sizes.length])
              given.push(apart ? part.slice() : part)
              controller.enqueue(given.at(-1))
            }
          })
        }
        const faults = []
        for (const parts of [[1_000_000], [65_536], [1_399], [3_000_000, 1, 0x40000, 17], [9_000_001]]) {
          const apart = parts.length === 1
          const sealed = await collect((await stheno.encryptToKeys(cut(plain, parts, apart), [key.public], { cipher })).stream)
          const before = sealed.slice()
          const file = await stheno.openWithKeys(sealed, [key.secret])
          if (!same(await file.bytes(), plain)) faults.push(`sealed by ${parts}`)
          await file.close()
          const opened = await network.decrypt(cut(sealed, parts, apart), { keys: [key.secret] })
          if (!same(await collect(opened), plain)) faults.push(`opened by ${parts}`)
          if (!same(sealed, before)) faults.push(`changed the envelope, by ${parts}`)
        }
        if (!same(plain, noise(9, 9_000_001))) faults.push('changed the plaintext')
        if (given.some(part => part.length === 0)) faults.push('took a part')
        return faults
      }, [key, cipher])
      assert.deepEqual(found, [])
    })
  })
}

test('who does not pass is refused with reasons, by every node', async () => {
  const wallet = stage.wallet(await stage.devnet.newKey())
  await stage.in(wallet, async page => {
    await connect(page, stage.devnet)
    const [nobody, denied, explained] = await page.evaluate(async policy => {
      const sealed = await collect((await network.encrypt(noise(1, 1_000), policy)).stream)
      return [await failure(network.open(sealed)), await failure(network.open(sealed, { reader: wallet })), await network.explain(sealed, wallet.account)]
    }, stage.devnet.passPolicy)
    assert.equal(nobody.code, 'wallet_needed')
    assert.equal(denied.code, 'condition_not_met')
    assert.equal(denied.name, 'SthenoError')
    assert.equal(denied.denied, true)
    assert.ok(denied.hint)
    assert.equal(denied.reasons.length, 1)
    assert.match(denied.reasons[0].what, /at least 1 of ERC-721/)
    assert.match(denied.reasons[0].found, /0/)
    assert.ok(denied.reasons[0].remedy)
    assert.ok(denied.nodes.length >= 3)
    for (const { node, endpoint, outcome } of denied.nodes) {
      assert.ok(node >= 1 && node <= 5 && endpoint.startsWith('http://127.0.0.1:') && outcome, JSON.stringify(denied.nodes))
    }
    assert.equal(explained.granted, false)
    assert.equal(explained.tree.truth, 'false')
  })
})

test('command opens what the page encrypted, and the reverse, with both ciphers', async () => {
  const { devnet, storage } = stage
  const key = devnet.keyOf('reader')
  const plain = noise(21, 600_011)
  storage.put('plain', plain)
  await stage.in(stage.wallet(key), async page => {
    await connect(page, devnet)
    for (const cipher of CIPHERS) {
      await page.evaluate(async ([policy, cipher, url]) => {
        const { stream } = await network.encrypt(noise(21, 600_011), policy, { cipher })
        await put(url, await new Response(stream).blob())
      }, [devnet.passPolicy, cipher, storage.url(`${cipher}.page`)])
      await sthenoJson(['decrypt', storage.path(`${cipher}.page`), '--network', devnet.networkPath, '-o', storage.path('opened'), '--force'], { key })
      assert.ok(storage.bytes('opened').equals(plain), cipher)

      await sthenoJson(['encrypt', storage.path('plain'), '--policy', devnet.description.policy, '--network', devnet.networkPath, '--cipher', cipher, '-o', storage.path(`${cipher}.cli`), '--force'])
      const opened = await page.evaluate(async url => {
        const file = await network.open(url, { reader: wallet })
        return [file.about.cipher, file.size, same(await file.bytes(), noise(21, 600_011))]
      }, storage.url(`${cipher}.cli`))
      assert.deepEqual(opened, [cipher, plain.length, true])
    }
  })
})

test('hidden policy opens with the policy, and says its digest without', async () => {
  await stage.in(undefined, async page => {
    await connect(page, stage.devnet, { wallet: false })
    const found = await page.evaluate(async ([policy, other]) => {
      const sealing = await network.encrypt(noise(1, 1_000), policy, { hidePolicy: true })
      const sealed = await collect(sealing.stream)
      const { recipients: [recipient] } = await stheno.inspect(sealed)
      const given = await stheno.Policy.parse(policy)
      const file = await network.open(sealed, { policy: given })
      return {
        hidden: recipient.policy === undefined && recipient.policyDigest === given.digest,
        without: (await failure(network.open(sealed))).code,
        other: (await failure(network.open(sealed, { policy: await stheno.Policy.parse(other) }))).code,
        opened: same(await file.bytes(), noise(1, 1_000))
      }
    }, [stage.devnet.openPolicy, stage.devnet.passPolicy])
    assert.deepEqual(found, { hidden: true, without: 'policy_hidden', other: 'policy_mismatch', opened: true })
  })
})

test('break-glass key opens without asking anybody', async () => {
  const key = await makeKey(stage.storage.path('glass'))
  await stage.in(undefined, async page => {
    await connect(page, stage.devnet, { wallet: false })
    const found = await page.evaluate(async ([policy, key]) => {
      const sealed = await collect((await network.encrypt(noise(1, 1_000), policy, { alsoTo: [key.public] })).stream)
      const events = []
      const file = await network.open(sealed, { keys: [key.secret], onEvent: event => events.push(event.kind) })
      const alone = await stheno.openWithKeys(sealed, [key.secret])
      return { events, both: same(await file.bytes(), await alone.bytes()) }
    }, [stage.devnet.passPolicy, key])
    assert.equal(found.both, true)
    assert.ok(!found.events.includes('asking'), found.events.join())
  })
})

test('bought and read with two signatures in all, and read after a reload with none', async () => {
  const { url } = await sell(stage, 'goods', noise(31, 200_003), { title: 'goods – 货' })
  const wallet = stage.wallet(await stage.devnet.newKey('10'))
  await stage.in(wallet, async page => {
    await connect(page, stage.devnet)
    const before = await page.evaluate(async url => {
      const deal = await network.deal(url, wallet.account)
      return { deal, explained: (await network.explain(url, wallet.account)).granted }
    }, url)
    assert.equal(before.deal.title, 'goods – 货')
    assert.equal(before.deal.mayRead, false)
    assert.equal(before.deal.price.units, '500000000000000000')
    assert.match(before.deal.price.amount.toLowerCase(), /0\.5\s*fil/)
    assert.match(before.deal.price.token, /^0x0{40}$/)
    assert.equal(before.deal.soldByKnownAs, 'PayPerAccess')
    assert.equal(before.deal.lastsSeconds, undefined)
    assert.equal(before.explained, false)
    assert.equal(wallet.signatures, 0)

    const opened = await page.evaluate(async url => {
      const { recipients: [{ item }] } = await stheno.inspect(url)
      const deal = await network.deal(url, wallet.account)
      const steps = []
      const { hash } = await network.buy(deal, wallet, { onEvent: ({ kind }) => steps.push(kind) })
      const session = await stheno.Session.open(network, wallet, { scope: { items: [item] } })
      const events = []
      const file = await network.open(url, { reader: session, onEvent: ({ kind }) => events.push(kind) })
      const again = await network.open(url, { reader: session })
      return { hash, steps, events, same: same(await file.bytes(), noise(31, 200_003)), again: same(await again.range(7, 100), noise(31, 200_003).subarray(7, 100)), mayRead: (await network.deal(url, wallet.account)).mayRead }
    }, url)
    assert.match(opened.hash, /^0x[0-9a-f]{64}$/)
    assert.deepEqual(opened.steps, ['paying', 'sent', 'mined'])
    assert.equal(opened.events.at(-1), 'opened')
    assert.ok(opened.same && opened.again && opened.mayRead)
    assert.deepEqual([wallet.asked.transactions, wallet.asked.messages, wallet.asked.typedData], [1, 1, 0])

    await stage.harness(page)
    wallet.forget()
    const resumed = await page.evaluate(async ([file, url, account]) => {
      const network = await stheno.Network.connect(file)
      const { recipients: [{ item }] } = await stheno.inspect(url)
      const session = await stheno.Session.resume(network, { account, scope: { items: [item] } })
      const opened = await network.open(url, { reader: session })
      const uncovered = await stheno.Session.resume(network, { account, scope: { items: [`0x${'12'.repeat(32)}`] } })
      const left = session.expiresAt - Date.now()
      const found = { same: same(await opened.bytes(), noise(31, 200_003)), account: session.account, uncovered: uncovered === undefined, left }
      await session.end()
      found.ended = await stheno.Session.resume(network, { account, scope: { items: [item] } }) === undefined
      found.refused = (await failure(network.open(url, { reader: session })))?.code
      return found
    }, [stage.devnet.networkFile, url, wallet.address])
    assert.deepEqual({ ...resumed, left: 0 }, { same: true, account: wallet.address, uncovered: true, left: 0, ended: true, refused: 'closed' })
    assert.ok(resumed.left > 0 && resumed.left <= 3_600_000, String(resumed.left))
    assert.equal(wallet.signatures, 0)
    assert.deepEqual(wallet.log.filter(method => /sign|send/i.test(method)), [])
  })
})

test('licence is accepted by a signature, once its text is there', async () => {
  const { devnet } = stage
  const licence = 'For reading, not for selling.\n'
  const { url } = await sell(stage, 'licensed', noise(33, 5_000), { licence })
  const wallet = stage.wallet(await devnet.newKey())
  await stage.in(wallet, async page => {
    await connect(page, devnet)
    const found = await page.evaluate(async ([url, licence]) => {
      const deal = await network.deal(url, wallet.account)
      const without = (await failure(network.buy(deal, wallet)))?.code
      const other = (await failure(deal.acceptLicence(licence.trim())))?.code
      const still = (await failure(network.buy(deal, wallet)))?.code
      return { licence: deal.licence, without, other, still }
    }, [url, licence])
    const hash = `0x${createHash('sha256').update(licence).digest('hex')}`
    assert.deepEqual(found, { licence: hash, without: 'licence_needed', other: 'other_licence', still: 'licence_needed' })
    assert.equal(wallet.signatures, 0)

    wallet.refuses.add('eth_signTypedData_v4')
    const buy = () => page.evaluate(async ([url, licence]) => {
      const deal = await network.deal(url, wallet.account)
      await deal.acceptLicence(new TextEncoder().encode(licence))
      return failure(network.buy(deal, wallet))
    }, [url, licence])
    assert.equal((await buy()).code, 'wallet_rejected')
    assert.equal(wallet.asked.transactions, 0)
    wallet.refuses.clear()
    assert.equal(await buy(), undefined)
    assert.deepEqual([wallet.asked.transactions, wallet.asked.messages, wallet.asked.typedData], [1, 0, 1])
    const file = await page.evaluate(async url => {
      const file = await network.open(url, { reader: wallet })
      return same(await file.bytes(), noise(33, 5_000))
    }, url)
    assert.ok(file)
  })
})

test('price in a token is paid with two transactions', async () => {
  const { devnet } = stage
  const { url } = await sell(stage, 'priced in dollars', noise(32, 5_000), { price: '1.5usdfc' })
  const wallet = stage.wallet(devnet.keyOf('reader'))
  await stage.in(wallet, async page => {
    await connect(page, devnet)
    const found = await page.evaluate(async url => {
      const deal = await network.deal(url, wallet.account)
      const steps = []
      await network.buy(deal, wallet, { onEvent: ({ kind }) => steps.push(kind) })
      const file = await network.open(url, { reader: wallet })
      return { amount: deal.price.amount, steps, same: same(await file.bytes(), noise(32, 5_000)) }
    }, url)
    assert.match(found.amount.toLowerCase(), /1\.5\s*usdfc/)
    assert.ok(found.same)
    assert.ok(found.steps.indexOf('approving') < found.steps.indexOf('paying') && found.steps.includes('approving'), found.steps.join())
    assert.equal(wallet.asked.transactions, 2)
  })
})

test('who has no money, or says no, has bought nothing', async () => {
  const { devnet } = stage
  const { url } = await sell(stage, 'dear goods', noise(33, 5_000), { price: '5fil' })
  const wallet = stage.wallet(await devnet.newKey('1'))
  await stage.in(wallet, async page => {
    await connect(page, devnet)
    const buy = () => page.evaluate(async url => failure(network.buy(await network.deal(url, wallet.account), wallet)), url)
    const poor = await buy()
    assert.equal(poor.name, 'SthenoError')
    // The wallet finds that out, as it makes the transaction.
    assert.ok(['no_funds', 'wallet_failed'].includes(poor.code), JSON.stringify(poor))
    const rich = stage.wallet(await devnet.newKey('9'))
    assert.equal(wallet.asked.transactions, 0)
    await stage.in(rich, async page => {
      await connect(page, devnet)
      rich.refuses.add('eth_sendTransaction')
      const rejected = await page.evaluate(async url => failure(network.buy(await network.deal(url, wallet.account), wallet)), url)
      assert.equal(rejected.code, 'wallet_rejected', JSON.stringify(rejected))
      assert.equal(await page.evaluate(async url => (await network.deal(url, wallet.account)).mayRead, url), false)
    })
  })
})

test('session ends by its time, and holds to its scope', async () => {
  const { devnet } = stage
  const wallet = stage.wallet(devnet.keyOf('reader'))
  await stage.in(wallet, async page => {
    await connect(page, devnet)
    const found = await page.evaluate(async policy => {
      const seal = async policy => collect((await network.encrypt(noise(1, 1_000), policy)).stream)
      const [sealed, other] = [await seal(policy), await seal({ version: 1, rule: { any: [policy.rule, { time: { chain: network.chainId, after: '2020-01-01T00:00:00Z' } }] } })]
      const scope = { policies: [(await stheno.Policy.parse(policy)).digest] }
      const session = await stheno.Session.open(network, wallet, { scope, lifetime: 4 })
      const file = await network.open(sealed, { reader: session })
      const opened = same(await file.bytes(), noise(1, 1_000))
      const uncovered = await failure(network.open(other, { reader: session }))
      const unscoped = await failure(stheno.Session.open(network, wallet, { scope: {} }))
      const endless = await failure(stheno.Session.open(network, wallet, { scope, lifetime: 86_400 }))
      while (Date.now() < session.expiresAt.getTime() + 1_100) await new Promise(resolve => setTimeout(resolve, 100))
      const late = await failure(network.open(sealed, { reader: session }))
      const resumed = await stheno.Session.resume(network, { account: wallet.account, scope })
      return { opened, uncovered, unscoped, endless, late, resumed: resumed === undefined, stillThere: same(await file.bytes(), noise(1, 1_000)) }
    }, devnet.passPolicy)
    assert.equal(found.opened, true)
    assert.equal(found.uncovered?.code, 'out_of_scope', JSON.stringify(found.uncovered))
    assert.ok(['bad_argument', 'bad_authorization'].includes(found.unscoped?.code), JSON.stringify(found.unscoped))
    assert.ok(['bad_argument', 'bad_authorization'].includes(found.endless?.code), JSON.stringify(found.endless))
    assert.equal(found.late?.code, 'authorization_expired', JSON.stringify(found.late))
    assert.ok(found.resumed && found.stillThere)
    assert.equal(wallet.asked.messages, 1)
    // What was signed says what for, in words that a person can read.
    assert.match(wallet.signed[0].what, new RegExp(`^${new URL(stage.pages.origin).host.replaceAll('.', '\\.')} wants you to sign in`))
  })
})

test("session's key cannot be taken out, and nothing secret is stored", async () => {
  const wallet = stage.wallet(stage.devnet.keyOf('reader'))
  await stage.in(wallet, async page => {
    await connect(page, stage.devnet)
    const keys = await page.evaluate(async policy => {
      const scope = { policies: [(await stheno.Policy.parse(policy)).digest] }
      await stheno.Session.open(network, wallet, { scope })
      const found = []
      const look = (value, seen = new Set()) => {
        if (value instanceof CryptoKey) found.push({ type: value.type, extractable: value.extractable, algorithm: value.algorithm.namedCurve })
        else if (value && typeof value === 'object' && !seen.has(value)) {
          seen.add(value)
          for (const part of Object.values(value)) look(part, seen)
        }
      }
      for (const { name } of await indexedDB.databases()) {
        const database = await new Promise((resolve, reject) => {
          const open = indexedDB.open(name)
          open.onsuccess = () => resolve(open.result)
          open.onerror = () => reject(open.error)
        })
        for (const store of database.objectStoreNames) {
          const all = await new Promise(resolve => {
            const request = database.transaction(store).objectStore(store).getAll()
            request.onsuccess = () => resolve(request.result)
          })
          look(all)
        }
        database.close()
      }
      return { found, local: localStorage.length + sessionStorage.length }
    }, stage.devnet.passPolicy)
    const secret = keys.found.filter(({ type }) => type === 'private')
    assert.equal(secret.length, 1, JSON.stringify(keys))
    assert.deepEqual(secret[0], { type: 'private', extractable: false, algorithm: 'P-256' })
    assert.equal(keys.local, 0)
  })
})
