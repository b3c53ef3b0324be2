// Networks that are not there, not the right one, or lack a node; policies that they do not serve.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'

import { Devnet } from './devnet.mjs'
import { VECTORS } from './places.mjs'
import { Stage, connect } from './stage.mjs'

let stage
let other
before(async () => {
  stage = await Stage.set()
  // One of its own: its nodes are ended here.
  other = await Devnet.start()
  stage.atEnd(() => other.stop())
})
after(() => stage?.end())

test('policy for a chain that the network does not serve is refused by its code', async () => {
  await stage.in(undefined, async page => {
    await connect(page, stage.devnet, { wallet: false })
    const error = await page.evaluate(async () => failure((async () => {
      const sealed = await collect((await network.encrypt(noise(1, 10), { version: 1, rule: { time: { chain: 1, after: '2020-01-01T00:00:00Z' } } })).stream)
      await network.open(sealed)
    })()))
    assert.equal(error?.code, 'no_anchor', JSON.stringify(error))
  })
})

test('policies that are none are refused with the place of the mistake', async () => {
  await stage.in(undefined, async page => {
    await connect(page, stage.devnet, { wallet: false })
    const found = await page.evaluate(async () => {
      const bad = { version: 1, rule: { all: [{ time: { chain: 314, after: '2020-01-01T00:00:00Z' } }, { tokn: {} }] } }
      const errors = []
      for (const policy of [bad, JSON.stringify(bad), '{', 'null', {}, { version: 2, rule: {} }]) {
        errors.push(await failure(stheno.Policy.parse(policy)), await failure(network.encrypt(noise(1, 10), policy)))
      }
      errors.push(await failure(stheno.Policy.fromCbor(new Uint8Array([0xa0]))))
      return errors
    })
    for (const error of found) assert.equal(error?.code, 'invalid_policy', JSON.stringify(error))
    assert.match(found[0].message, /all/)
  })
})

test('rules build what is written by hand', async () => {
  await stage.in(undefined, async page => {
    const [built, written] = await page.evaluate(async () => {
      const { rules } = stheno
      const after = { time: { chain: 314, after: '2020-01-01T00:00:00Z' } }
      const before = { time: { chain: 314, before: '2040-01-01T00:00:00Z' } }
      const contract = `0x${'12'.repeat(20)}`
      const built = await stheno.Policy.parse(rules.policy(rules.any(rules.all(after, before), rules.not(rules.time({ chain: 314, after: '2020-01-01T00:00:00Z' })), rules.atLeast(1, after, before))))
      const leaves = [rules.erc20({ chain: 314, contract, min: 5n }), rules.erc721({ chain: 314, contract }), rules.erc1155({ chain: 314, contract, ids: [1, '2'] }), rules.balance({ chain: 314, min: 1 }), rules.address(contract), rules.subscription({ chain: 314, contract, token: 1 }), rules.grant({ chain: 314, registry: contract })]
      for (const leaf of leaves) await stheno.Policy.parse(rules.policy(leaf))
      return [built.toJSON(), { chains: built.chains, needsAccount: built.needsAccount }]
    })
    assert.equal(built.version, 1)
    assert.equal(built.rule.any.length, 3)
    assert.deepEqual(written.chains, [314])
    assert.equal(written.needsAccount, false)
  })
})

test('network files that are none, or lie, are refused', async () => {
  const file = stage.devnet.networkFile
  await stage.in(undefined, async page => {
    const found = await page.evaluate(async ([file, gone]) => {
      const codes = {}
      const connect = async (name, file, options) => { codes[name] = await failure(stheno.Network.connect(file, options)) }
      await connect('text', 'not a network file')
      await connect('empty', {})
      await connect('number', 7)
      await connect('gone', new URL(gone))
      const key = Object.keys(file).find(name => /fingerprint/i.test(name))
      await connect('other key', { ...file, [key]: `0x${'12'.repeat(32)}` })
      await connect('dead endpoint', file, { rpc: ['http://127.0.0.1:9/'] })
      return codes
    }, [file, stage.storage.url('no network', 'gone')])
    for (const [name, error] of Object.entries(found)) {
      assert.equal(error?.name, 'SthenoError', `${name}: ${JSON.stringify(error)}`)
      assert.ok(error.hint, name)
    }
    for (const name of ['text', 'empty', 'other key']) assert.equal(found[name].code, 'bad_network_file', name)
    assert.equal(found['dead endpoint'].code, 'rpc_unreadable')
  })
})

test('file of another network is told so', async () => {
  // The frozen envelopes are for a committee that is not the devnet's.
  const [{ envelope_hex: envelope }] = JSON.parse(readFileSync(join(VECTORS, 'fee/threshold.json'), 'utf8'))
  await stage.in(undefined, async page => {
    await connect(page, stage.devnet, { wallet: false })
    const error = await page.evaluate(envelope => failure(network.open(bytesOf(envelope))), envelope)
    assert.equal(error?.code, 'wrong_network', JSON.stringify(error))
  })
})

test('file opens while a threshold of nodes is there, and says of each what is missing', async () => {
  await stage.in(undefined, async page => {
    await connect(page, other, { wallet: false })
    const open = () => page.evaluate(async policy => {
      globalThis.sealed ??= await collect((await network.encrypt(noise(1, 1_000), policy)).stream)
      const events = []
      try {
        const file = await network.open(sealed, { onEvent: event => events.push(event) })
        return { opened: same(await file.bytes(), noise(1, 1_000)), nodes: events.at(-1).nodes }
      } catch (error) {
        return { error: told(error) }
      }
    }, other.openPolicy)
    assert.equal((await open()).opened, true)
    await other.endNode(5)
    assert.equal((await open()).opened, true, 'with four of five')
    await other.endNode(2)
    assert.equal((await open()).opened, true, 'with three of five')
    await other.endNode(4)
    const { error } = await open()
    assert.equal(error?.code, 'too_few_nodes', JSON.stringify(error))
    assert.equal(error.denied, false)
    const silent = error.nodes.filter(({ node }) => [2, 4, 5].includes(node))
    assert.equal(silent.length, 3, JSON.stringify(error.nodes))
    for (const { node, endpoint, outcome } of silent) {
      assert.equal(new URL(endpoint).href, new URL(other.description.nodes[node - 1].endpoint).href)
      assert.match(outcome, /not reached/)
    }
  })
})
