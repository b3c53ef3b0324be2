// Wallets that say no, are elsewhere, change, or are none.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { sell } from './goods.mjs'
import { TestWallet } from './wallet.mjs'
import { Stage, connect } from './stage.mjs'

let stage
before(async () => { stage = await Stage.set() })
after(() => stage?.end())

const seal = (page, policy) => page.evaluate(async policy => {
  globalThis.sealed = await collect((await network.encrypt(noise(1, 1_000), policy)).stream)
}, policy)

test('wallet that rejects is told apart, at connecting, signing and asking', async () => {
  const { devnet } = stage
  const wallet = stage.wallet(devnet.keyOf('reader'))
  await stage.in(wallet, async page => {
    await connect(page, devnet, { wallet: false })
    await seal(page, devnet.passPolicy)
    wallet.refuses.add('eth_requestAccounts')
    const unconnected = await page.evaluate(() => failure(stheno.Wallet.connect(window.ethereum)))
    wallet.refuses.clear()
    await page.evaluate(async () => { globalThis.wallet = await stheno.Wallet.connect(window.ethereum) })
    for (const method of ['personal_sign', 'eth_signTypedData_v4']) wallet.refuses.add(method)
    const [unsigned, unasked] = await page.evaluate(async policy => [
      await failure(stheno.Session.open(network, wallet, { scope: { policies: [(await stheno.Policy.parse(policy)).digest] } })),
      await failure(network.open(sealed, { reader: wallet }))
    ], devnet.passPolicy)
    for (const error of [unconnected, unsigned, unasked]) {
      assert.equal(error?.code, 'wallet_rejected', JSON.stringify(error))
      assert.equal(error.denied, false)
      assert.ok(error.hint)
    }
    assert.equal(wallet.signatures, 0)
    // And then it says yes.
    wallet.refuses.clear()
    assert.equal(await page.evaluate(async () => {
      const file = await network.open(sealed, { reader: wallet })
      return same(await file.bytes(), noise(1, 1_000))
    }), true)
    assert.equal(wallet.signatures, 1)
  })
})

test('wallet on another chain is told so, and led to the right one', async () => {
  const { devnet } = stage
  const key = devnet.keyOf('reader')
  // It knows another chain, and not yet the network's.
  const wallet = new TestWallet({ keys: [key], chains: { 314: devnet.rpc } })
  await stage.in(wallet, async page => {
    await connect(page, devnet)
    await seal(page, devnet.passPolicy)
    const found = await page.evaluate(async rpc => {
      const elsewhere = await failure(network.open(sealed, { reader: wallet }))
      const chain = await wallet.chainId()
      const unknown = await failure(wallet.switchTo(network.chainId))
      await wallet.switchTo(network.chainId, { chainName: 'devnet', rpcUrls: [rpc], nativeCurrency: { name: 'FIL', symbol: 'FIL', decimals: 18 } })
      const file = await network.open(sealed, { reader: wallet })
      return { elsewhere, chain, unknown, now: await wallet.chainId(), opened: same(await file.bytes(), noise(1, 1_000)) }
    }, devnet.rpc)
    assert.equal(found.chain, 314)
    // A wallet signs typed data for the chain alone that it is on.
    assert.equal(found.elsewhere?.code, 'wallet_other_chain', JSON.stringify(found.elsewhere))
    assert.equal(found.unknown?.code, 'wallet_other_chain', JSON.stringify(found.unknown))
    assert.equal(found.now, devnet.chainId)
    assert.equal(found.opened, true)
    assert.equal(wallet.asked.additions, 1)
    // The second time it is known.
    await wallet.goTo(314)
    wallet.refuses.add('wallet_switchEthereumChain')
    const refused = await page.evaluate(() => failure(wallet.switchTo(network.chainId)))
    assert.equal(refused?.code, 'wallet_rejected')
    wallet.refuses.clear()
    const { switches } = wallet.asked
    await page.evaluate(() => wallet.switchTo(network.chainId))
    assert.deepEqual([wallet.asked.switches, wallet.asked.additions], [switches + 1, 1])
    assert.equal(wallet.chainId, devnet.chainId)
  })
})

test('nothing is bought on another chain', async () => {
  const { devnet } = stage
  const { url } = await sell(stage, 'goods elsewhere', Buffer.from('goods'))
  const wallet = stage.wallet(await devnet.newKey())
  await stage.in(wallet, async page => {
    await connect(page, devnet)
    await wallet.goTo(314)
    const error = await page.evaluate(async url => failure(network.buy(await network.deal(url, wallet.account), wallet)), url)
    assert.equal(error?.code, 'wallet_other_chain', JSON.stringify(error))
    assert.equal(wallet.signatures, 0)
  })
})

test('account is the one that was asked for, in the spelling of EIP-55', async () => {
  const { devnet } = stage
  const [one, two] = ['reader', 'stranger'].map(role => devnet.keyOf(role))
  const wallet = new TestWallet({ keys: [one, two], chains: { [devnet.chainId]: devnet.rpc } })
  const addresses = ['reader', 'stranger'].map(role => devnet.accountOf(role).address.toLowerCase())
  await stage.in(wallet, async page => {
    const [first, second, none] = await page.evaluate(async second => [
      (await stheno.Wallet.connect(window.ethereum)).account,
      (await stheno.Wallet.connect(window.ethereum, { account: second })).account,
      await failure(stheno.Wallet.connect(window.ethereum, { account: `0x${'12'.repeat(20)}` }))
    ], addresses[1])
    assert.equal(first, wallet.address)
    assert.equal(second.toLowerCase(), addresses[1])
    assert.notEqual(second, second.toLowerCase())
    assert.equal(none?.name, 'SthenoError', JSON.stringify(none))
  })
})

test('what is not a wallet is none', async () => {
  await stage.in(undefined, async page => {
    const codes = await page.evaluate(async () => {
      const request = answer => ({ request: async ({ method }) => answer(method) })
      const things = {
        undefined: undefined, null: null, string: 'https://wallet.example', empty: {}, 'request is no function': { request: 1 },
        'answers nothing': request(() => undefined), 'no accounts': request(() => []), 'accounts that are none': request(() => ['alice']),
        'numbers': request(() => [7]), 'throws': request(() => { throw new Error('broken') }), 'throws nothing': request(() => { throw undefined }) // eslint-disable-line
      }
      const codes = {}
      for (const [name, thing] of Object.entries(things)) {
        const error = await failure(stheno.Wallet.connect(thing))
        codes[name] = error && [error.name, error.code, !!error.hint]
      }
      return codes
    })
    for (const [name, found] of Object.entries(codes)) {
      assert.equal(found?.[0], 'SthenoError', `${name}: ${found}`)
      assert.ok(found[2], `${name} has no hint`)
    }
    for (const name of ['undefined', 'null', 'string', 'empty', 'request is no function', 'answers nothing', 'accounts that are none', 'numbers']) assert.equal(codes[name][1], 'not_a_wallet', name)
  })
})

test('signature of another account opens nothing', async () => {
  const { devnet } = stage
  // A wallet that says it is the reader, and signs as the stranger.
  const wallet = stage.wallet(devnet.keyOf('stranger'))
  const reader = devnet.accountOf('reader').address
  await stage.in(wallet, async page => {
    await connect(page, devnet, { wallet: false })
    await seal(page, devnet.passPolicy)
    const error = await page.evaluate(async reader => {
      const own = window.ethereum
      const [account] = await own.request({ method: 'eth_requestAccounts' })
      const lie = value => JSON.parse(JSON.stringify(value ?? null).replaceAll(new RegExp(reader, 'gi'), account))
      const liar = { request: async ({ method, params }) => /ccounts$/.test(method) ? [reader] : own.request({ method, params: method === 'eth_signTypedData_v4' ? [account, params[1]] : lie(params) }) }
      return failure(network.open(sealed, { reader: await stheno.Wallet.connect(liar) }))
    }, reader)
    assert.equal(error?.name, 'SthenoError', JSON.stringify(error))
    assert.ok(['signature_invalid', 'not_a_wallet', 'refused'].includes(error.code), JSON.stringify(error))
  })
})
