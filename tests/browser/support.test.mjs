// The parts that the other tests lean on do what they say: the wallet's signatures are good, faults are faults.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { recoverMessageAddress, recoverTypedDataAddress, isAddressEqual } from 'viem'

import { sthenoJson } from './command.mjs'
import { noise } from './noise.mjs'
import { Stage } from './stage.mjs'

let stage
before(async () => { stage = await Stage.set() })
after(() => stage?.end())

const typed = chainId => ({
  domain: { name: 'Test', version: '1', chainId },
  types: { EIP712Domain: [{ name: 'name', type: 'string' }, { name: 'version', type: 'string' }, { name: 'chainId', type: 'uint256' }], Thing: [{ name: 'number', type: 'uint64' }] },
  primaryType: 'Thing',
  message: { number: '18446744073709551615' }
})

test('wallet signs messages, typed data and transactions with its own key', async () => {
  const key = await stage.devnet.newKey()
  const wallet = stage.wallet(key)
  await stage.in(wallet, async page => {
    const request = (method, ...params) => page.evaluate(([method, params]) => window.ethereum.request({ method, params }), [method, params])
    assert.deepEqual(await request('eth_accounts'), [])
    assert.deepEqual(await request('eth_requestAccounts'), [wallet.address])
    assert.equal(Number(await request('eth_chainId')), stage.devnet.chainId)

    const message = 'a message – 信'
    const hex = `0x${Buffer.from(message).toString('hex')}`
    for (const said of [message, hex]) {
      const signature = await request('personal_sign', said, wallet.address)
      assert.ok(isAddressEqual(await recoverMessageAddress({ message, signature }), wallet.address))
    }
    const data = typed(stage.devnet.chainId)
    const signature = await request('eth_signTypedData_v4', wallet.address, JSON.stringify(data))
    assert.ok(isAddressEqual(await recoverTypedDataAddress({ ...data, signature }), wallet.address))

    const to = '0x000000000000000000000000000000000000dEaD'
    const client = stage.devnet.client
    const owned = await client.getBalance({ address: to })
    const hash = await request('eth_sendTransaction', { from: wallet.address, to, value: '0x7' })
    const receipt = await client.waitForTransactionReceipt({ hash })
    assert.equal(receipt.status, 'success')
    assert.ok(isAddressEqual(receipt.from, wallet.address))
    assert.equal(await client.getBalance({ address: to }), owned + 7n)
    assert.equal(BigInt(await request('eth_getBalance', to, 'latest')), owned + 7n)
    assert.equal(wallet.signatures, 4)
  })
})

test('wallet refuses, knows its chains, and tells of changes', async () => {
  const wallet = stage.wallet(await stage.devnet.newKey())
  await stage.in(wallet, async page => {
    const code = (method, ...params) => page.evaluate(([method, params]) =>
      window.ethereum.request({ method, params }).then(() => 0, error => error.code), [method, params])
    // Not before it is connected, and not for the account of another.
    assert.equal(await code('personal_sign', '0x00', wallet.address), 4100)
    assert.equal(await code('eth_requestAccounts'), 0)
    assert.equal(await code('personal_sign', '0x00', '0x000000000000000000000000000000000000dEaD'), 4100)
    wallet.refuses.add('personal_sign')
    assert.equal(await code('personal_sign', '0x00', wallet.address), 4001)
    assert.equal(wallet.signatures, 0)
    assert.equal(await code('eth_sign', wallet.address, '0x00'), 4200)

    await page.evaluate(() => {
      window.heard = []
      window.stopped = () => window.heard.push('never')
      for (const event of ['chainChanged', 'accountsChanged']) window.ethereum.on(event, value => window.heard.push([event, value]))
      window.ethereum.on('chainChanged', window.stopped)
      window.ethereum.removeListener('chainChanged', window.stopped)
    })
    assert.equal(await code('wallet_switchEthereumChain', { chainId: '0x13a' }), 4902)
    assert.equal(await code('wallet_addEthereumChain', { chainId: '0x13a', chainName: 'another', rpcUrls: [stage.devnet.rpc] }), 0)
    assert.equal(wallet.chainId, 314)
    assert.equal(await code('eth_signTypedData_v4', wallet.address, JSON.stringify(typed(stage.devnet.chainId))), -32603)
    assert.equal(await code('wallet_switchEthereumChain', { chainId: `0x${stage.devnet.chainId.toString(16)}` }), 0)
    assert.equal(await code('eth_signTypedData_v4', wallet.address, JSON.stringify(typed(stage.devnet.chainId))), 0)
    await wallet.use([])
    assert.deepEqual(await page.evaluate(() => window.heard), [
      ['chainChanged', '0x13a'], ['chainChanged', `0x${stage.devnet.chainId.toString(16)}`], ['accountsChanged', []]
    ])
    const announced = await page.evaluate(() => new Promise(resolve => {
      addEventListener('eip6963:announceProvider', ({ detail }) => resolve([detail.info.rdns, detail.provider === window.ethereum]))
      dispatchEvent(new Event('eip6963:requestProvider'))
    }))
    assert.deepEqual(announced, ['org.example.test-wallet', true])
  })
})

test('storage has every fault, and pages see it', async () => {
  const { storage } = stage
  const whole = noise(7, 300_001)
  storage.put('a 信.bin', whole)
  await stage.in(undefined, async page => {
    const get = (fault, range) => page.evaluate(async ([url, range]) => {
      try {
        const response = await fetch(url, { headers: range ? { range } : {} })
        const about = { status: response.status, range: response.headers.get('content-range'), length: response.headers.get('content-length'), etag: !!response.headers.get('etag') }
        try {
          const bytes = new Uint8Array(await response.arrayBuffer())
          return { ...about, bytes: bytes.length, sha256: await sha256(bytes) }
        } catch (error) {
          return { ...about, broke: error.name }
        }
      } catch (error) {
        return { failed: error.name }
      }
    }, [storage.url('a 信.bin', fault), range])
    const expected = await page.evaluate(async () => sha256(noise(7, 300_001)))
    assert.deepEqual(await get('good'), { status: 200, range: null, length: '300001', etag: true, bytes: 300_001, sha256: expected })
    const part = await get('good', 'bytes=100-199')
    assert.equal(part.status, 206)
    assert.equal(part.range, 'bytes 100-199/300001')
    assert.equal(part.bytes, 100)
    assert.equal((await get('good', 'bytes=-5')).range, 'bytes 299996-300000/300001')
    assert.equal((await get('good', 'bytes=299999-')).bytes, 2)
    assert.equal((await get('good', 'bytes=300001-')).status, 416)
    assert.equal((await get('no-range', 'bytes=100-199')).status, 200)
    assert.equal((await get('gone')).status, 404)
    assert.deepEqual(await get('no-cors'), { failed: 'TypeError' })
    assert.equal((await get('stops')).broke, 'TypeError')
    const wrong = await get('wrong')
    assert.equal(wrong.bytes, 300_001)
    assert.notEqual(wrong.sha256, expected)
    storage.turn('a 信.bin', 'gone')
    assert.equal((await get('good')).status, 404)
    storage.turn('a 信.bin')
    await page.evaluate(async url => put(url, noise(9, 1_000)), storage.url('from a page'))
    assert.deepEqual(storage.bytes('from a page'), noise(9, 1_000))
  })
})

test('devnet lets the command in who holds a pass', async () => {
  const { devnet, storage } = stage
  storage.put('plain', 'for pass holders')
  await sthenoJson(['encrypt', storage.path('plain'), '--policy', devnet.description.policy, '--network', devnet.networkPath, '-o', storage.path('sealed')])
  const open = key => sthenoJson(['decrypt', storage.path('sealed'), '--network', devnet.networkPath, '-o', storage.path('opened'), '--force'], { key })
  await assert.rejects(open(await devnet.newKey()), error => error.code === 1 && /condition_not_met/.test(error.stderr))
  const key = await devnet.newKey()
  await devnet.buyPass(key)
  await open(key)
  assert.equal(storage.bytes('opened').toString(), 'for pass holders')
  // Nodes and chain answer pages of other origins.
  await stage.in(undefined, async page => {
    const { endpoint } = devnet.description.nodes[0]
    const statuses = await page.evaluate(async ([node, rpc]) => [
      (await fetch(node)).status,
      (await fetch(rpc, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}' })).status
    ], [new URL('v1/status', endpoint).href, devnet.rpc])
    assert.deepEqual(statuses, [200, 200])
  })
})
