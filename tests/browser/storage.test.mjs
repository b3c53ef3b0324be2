// Storage that is ill, and reading that is broken off.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { makeKey } from './command.mjs'
import { Stage, connect } from './stage.mjs'

const SIZE = 3_000_001
let stage
let key
before(async () => {
  stage = await Stage.set()
  key = await makeKey(stage.storage.path('key'))
  await stage.in(undefined, page => page.evaluate(async ([key, url, size]) => {
    await put(url, await new Response((await stheno.encryptToKeys(noise(41, size), [key.public])).stream).blob())
  }, [key, stage.storage.url('file.fee'), SIZE]))
})
after(() => stage?.end())

/** What reading by range and in one piece ends with, from storage with this fault. */
const read = (page, fault) => page.evaluate(async ([key, url, size]) => {
  const plain = noise(41, size)
  const found = {}
  found.range = await (async () => {
    const file = await stheno.openWithKeys(url, [key.secret])
    const part = await file.range(1_400_000, 1_600_000)
    return same(part, plain.subarray(1_400_000, 1_600_000))
  })().catch(told)
  found.all = await (async () => {
    const file = await stheno.openWithKeys(url, [key.secret])
    return same(await file.bytes(), plain)
  })().catch(told)
  return found
}, [key, stage.storage.url('file.fee', fault), SIZE])

test('parts are read by Range requests, and no more than is needed', async () => {
  const { storage } = stage
  await stage.in(undefined, async page => {
    storage.requests.length = 0
    const { range } = await read(page, 'good')
    assert.equal(range, true)
    const asked = storage.asked('file.fee')
    assert.ok(asked.length >= 2 && asked.every(({ range, status }) => range && status === 206), JSON.stringify(asked))
    const alone = await page.evaluate(async ([key, url]) => {
      const file = await stheno.openWithKeys(url, [key.secret])
      await file.range(2_000_000, 2_000_001)
      return true
    }, [key, storage.url('file.fee')])
    assert.ok(alone)
    // One byte costs a chunk, not the file.
    const last = /bytes=(\d+)-(\d+)/.exec(storage.asked('file.fee').at(-1).range)
    assert.ok(last && last[2] - last[1] < 1_100_000, String(last))
  })
})

test('server without Range is told so by open, and read whole by decrypt', async () => {
  const { devnet, storage } = stage
  await stage.in(undefined, async page => {
    const { range, all } = await read(page, 'no-range')
    for (const error of [range, all]) assert.equal(error.code, 'ranges_not_served', JSON.stringify(error))
    await connect(page, devnet, { wallet: false })
    const decrypted = await page.evaluate(async ([policy, good, url, key]) => {
      await put(good, await new Response((await network.encrypt(noise(42, 900_001), policy, { alsoTo: [key.public] })).stream).blob())
      const progress = []
      const plain = await collect(await network.decrypt(url, { onProgress: ({ done, total }) => progress.push([done, total]) }))
      const byKey = await collect(await network.decrypt(url, { keys: [key.secret] }))
      return { same: same(plain, noise(42, 900_001)) && same(byKey, noise(42, 900_001)), last: progress.at(-1), rises: progress.every(([done], i) => i === 0 || done >= progress[i - 1][0]), open: (await failure(network.open(url)))?.code }
    }, [devnet.openPolicy, storage.url('whole.fee'), storage.url('whole.fee', 'no-range'), key])
    assert.deepEqual(decrypted, { same: true, last: [900_001, decrypted.last?.[1]], rises: true, open: 'ranges_not_served' })
  })
})

for (const [fault, codes] of Object.entries({
  'no-cors': ['source_unreachable'],
  gone: ['source_refused', 'not_stored'],
  wrong: ['bad_envelope', 'unopenable']
})) {
  test(`storage with the fault "${fault}" is told by its code`, async () => {
    await stage.in(undefined, async page => {
      const { range, all } = await read(page, fault)
      for (const error of [range, all]) {
        assert.equal(error.name, 'SthenoError', JSON.stringify(error))
        assert.ok(codes.includes(error.code), JSON.stringify(error))
        assert.ok(error.hint)
      }
    })
  })
}

test('server that breaks off is asked again, and gives the file or an error with its code', async () => {
  await stage.in(undefined, async page => {
    const { range, all } = await read(page, 'stops')
    for (const found of [range, all]) {
      if (found !== true) assert.equal(found.code, 'source_unreachable', JSON.stringify(found))
    }
  })
})

test('storage that is gone after opening fails that read, and serves again when it is back', async () => {
  const { storage } = stage
  await stage.in(undefined, async page => {
    await page.evaluate(async ([key, url]) => { globalThis.file = await stheno.openWithKeys(url, [key.secret]) }, [key, storage.url('file.fee')])
    storage.turn('file.fee', 'gone')
    const gone = await page.evaluate(async size => [await failure(file.range(size - 10, size)), await failure(collect(file.stream()))], SIZE)
    storage.turn('file.fee')
    for (const error of gone) assert.ok(['source_refused', 'not_stored'].includes(error?.code), JSON.stringify(error))
    assert.equal(await page.evaluate(async size => same(await file.range(size - 10, size), noise(41, size).subarray(size - 10)), SIZE), true)
  })
})

test('addresses that are none are refused', async () => {
  await stage.in(undefined, async page => {
    const codes = await page.evaluate(async () => {
      const codes = []
      for (const address of ['not an address', 'ftp://127.0.0.1/x', 'javascript:alert(1)', 'http://']) codes.push((await failure(stheno.inspect(address)))?.code)
      codes.push((await failure(stheno.inspect('http://127.0.0.1:9/nobody')))?.code)
      return codes
    })
    // The first is one below the page's own, where there is nothing.
    assert.deepEqual(codes.slice(0, 4), ['source_refused', 'bad_url', 'bad_url', 'bad_url'])
    // Port 9 is one that browsers do not go to at all.
    assert.equal(codes[4], 'source_unreachable')
  })
})

test('abort in the middle is an AbortError, at every place, and the worker goes on to serve', async () => {
  const { devnet, storage } = stage
  await stage.in(undefined, async page => {
    await connect(page, devnet, { wallet: false })
    const found = await page.evaluate(async ([key, slow, good, size, policy]) => {
      const found = {}
      const file = await stheno.openWithKeys(slow, [key.secret])
      const soon = () => { const control = new AbortController(); setTimeout(() => control.abort(), 150); return { signal: control.signal } }
      const now = { signal: AbortSignal.abort() }
      found.range = await failure(file.range(0, size, soon()))
      found.bytes = await failure(file.bytes(soon()))
      found.blob = await failure(file.blob('', soon()))
      found.stream = await failure(collect(file.stream(soon())))
      found.opening = await failure(stheno.openWithKeys(good, [key.secret], now))
      found.inspecting = await failure(stheno.inspect(good, now))
      found.sealing = await failure(stheno.encryptToKeys(noiseStream(1 << 28), [key.public], soon()).then(({ stream }) => stream.pipeTo(new WritableStream())))
      found.encrypting = await failure(network.encrypt(noise(1, 10), policy, now).then(({ stream }) => collect(stream)))
      found.connecting = await failure(stheno.Network.connect({}, now))
      found.naming = await failure(stheno.pieceCid(slow, soon()))
      // A reason of one's own comes through.
      const control = new AbortController()
      setTimeout(() => control.abort(new DOMException('enough', 'TimeoutError')), 100)
      found.reason = await failure(file.bytes({ signal: control.signal }))
      // Who cancels a stream ends its reading.
      const reader = file.stream().getReader()
      await reader.read()
      await reader.cancel()
      const again = await stheno.openWithKeys(good, [key.secret])
      found.serves = same(await again.bytes(), noise(41, size)) && same(await file.range(0, 100), noise(41, size).subarray(0, 100))
      return found
    }, [key, storage.url('file.fee', 'slow'), storage.url('file.fee'), SIZE, devnet.openPolicy])
    const { serves, reason, ...aborted } = found
    for (const [what, error] of Object.entries(aborted)) assert.equal(error?.name, 'AbortError', `${what}: ${JSON.stringify(error)}`)
    assert.ok(['AbortError', 'TimeoutError'].includes(reason?.name), JSON.stringify(reason))
    assert.equal(serves, true)
    // What was given up is not read on: the slow server has nobody to send to.
    await new Promise(resolve => setTimeout(resolve, 500))
    const before = storage.requests.length
    await new Promise(resolve => setTimeout(resolve, 500))
    assert.equal(storage.requests.length, before)
  })
})

test('page that is reloaded in the middle starts again without harm', async () => {
  const { devnet, storage } = stage
  const page = await stage.page()
  await connect(page, devnet, { wallet: false })
  await page.evaluate(async ([policy, url]) => put(url, await new Response((await network.encrypt(noise(43, 2_000_003), policy)).stream).blob()), [devnet.openPolicy, storage.url('reload.fee')])
  const first = await page.evaluate(async url => {
    const file = await network.open(url)
    globalThis.reader = file.stream().getReader()
    return (await reader.read()).value.length
  }, storage.url('reload.fee', 'slow'))
  assert.ok(first > 0)
  await stage.harness(page)
  await connect(page, devnet, { wallet: false })
  const whole = await page.evaluate(async url => {
    const file = await network.open(url)
    return same(await file.bytes(), noise(43, 2_000_003))
  }, storage.url('reload.fee'))
  assert.equal(whole, true)
  await stage.done(page)
})

test('closed network says so, and its files with it', async () => {
  const { devnet } = stage
  await stage.in(undefined, async page => {
    await connect(page, devnet, { wallet: false })
    const codes = await page.evaluate(async policy => {
      const sealed = await collect((await network.encrypt(noise(1, 1_000), policy)).stream)
      const file = await network.open(sealed)
      await network.close()
      await network.close()
      return [await failure(network.open(sealed)), await failure(file.bytes()), await failure(collect(file.stream()))].map(error => error?.code)
    }, devnet.openPolicy)
    assert.deepEqual(codes, ['closed', 'closed', 'closed'])
  })
})
