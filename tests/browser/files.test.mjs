// Files in the page without any network: sealed to keys, opened with them, looked at, named.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { makeKey, sthenoJson } from './command.mjs'
import { noise } from './noise.mjs'
import { Stage } from './stage.mjs'

let stage
let key
before(async () => {
  stage = await Stage.set({ devnet: false })
  key = await makeKey(stage.storage.path('key'))
})
after(() => stage?.end())

/** Sizes around everything that could be a boundary. */
const SIZES = [0, 1, 15, 16, 17, 4_095, 65_535, 65_536, 65_537, 262_144, 262_145, 1_048_579]
const CIPHERS = ['aes-256-gcm', 'chacha20-poly1305']

// And the whole file as one chunk.
for (const cipher of [...CIPHERS, 'aes-256-gcm-whole']) {
  test(`what is sealed to a key with ${cipher} opens with it, at every size`, async () => {
    await stage.in(undefined, async page => {
      const found = await page.evaluate(async ([key, cipher, sizes]) => {
        const faults = []
        const check = (condition, what) => { if (!condition) faults.push(what) }
        for (const size of sizes) {
          const plain = noise(size, size)
          const sealing = await stheno.encryptToKeys(plain, [key.public], { cipher })
          const sealed = await collect(sealing.stream)
          const done = await sealing.done
          check(done.plaintextBytes === size && done.envelopeBytes === sealed.length, `${size}: done says ${JSON.stringify(done)}`)
          check(sealing.size === sealed.length, `${size}: announced ${sealing.size}, came ${sealed.length}`)
          check((await stheno.pieceCid(sealed)).size === sealed.length, `${size}: hashed another size`)
          const file = await stheno.openWithKeys(sealed, [key.secret])
          check(file.size === size, `${size}: says ${file.size}`)
          check(same(await file.bytes(), plain), `${size}: other bytes`)
          check(same(await collect(file.stream()), plain), `${size}: other stream`)
          for (const [start, end] of [[0, size], [0, 0], [size, size], [Math.floor(size / 3), Math.floor(2 * size / 3)], [Math.max(0, size - 1), size]]) {
            check(same(await file.range(start, end), plain.subarray(start, end)), `${size}: range ${start}..${end}`)
          }
          check((await (await file.blob('text/plain')).arrayBuffer()).byteLength === size, `${size}: blob`)
          await file.close()
        }
        return faults
      }, [key, cipher, SIZES])
      assert.deepEqual(found, [])
    })
  })
}

test('every kind of source opens, and is read in order where it is a stream', async () => {
  await stage.in(undefined, async page => {
    const found = await page.evaluate(async ([key, url]) => {
      const plain = noise(3, 300_001)
      const seal = async input => collect((await stheno.encryptToKeys(input, [key.public])).stream)
      const sealedBy = {
        bytes: await seal(plain),
        buffer: await seal(plain.slice().buffer),
        blob: await seal(new Blob([plain])),
        stream: await seal(new Blob([plain]).stream())
      }
      const sealed = sealedBy.bytes
      await put(url, sealed)
      const sources = { bytes: sealed, buffer: sealed.slice().buffer, blob: new Blob([sealed]), file: new File([sealed], 'a.fee'), url, URL: new URL(url) }
      const faults = []
      for (const [name, bytes] of Object.entries(sealedBy)) {
        const file = await stheno.openWithKeys(bytes, [key.secret])
        if (!same(await file.bytes(), plain)) faults.push(`sealed from ${name}`)
        await file.close()
      }
      for (const [name, source] of Object.entries(sources)) {
        const file = await stheno.openWithKeys(source, [key.secret])
        if (!same(await file.range(100_000, 200_001), plain.subarray(100_000, 200_001))) faults.push(`opened from ${name}`)
        if ((await stheno.inspect(source)).recipients.length !== 1) faults.push(`inspected ${name}`)
        await file.close()
      }
      const about = await stheno.inspect(new Blob([sealed]).stream())
      if (about.recipients[0].kind !== 'x25519') faults.push('inspected a stream')
      // The caller's bytes are still the caller's.
      if (!same(plain, noise(3, 300_001))) faults.push('the input was changed')
      return faults
    }, [key, stage.storage.url('sources')])
    assert.deepEqual(found, [])
  })
})

test('names of every script, and names that look like markup, come back as they were', async () => {
  const names = ['report.csv', 'отчёт за 2026.csv', '报告（最终）.csv', 'レポート.csv', '보고서.csv', 'تقرير.csv', 'דוח.csv', 'รายงาน.csv', 'रिपोर्ट.csv', 'αναφορά.csv',
    'naïve café.csv', 'e\u0301 decomposed.csv', '👩‍👩‍👧‍👦 🏳️‍🌈.csv', '𠜎𡃁.csv', '<img src=x onerror=alert(1)>.csv', '"quoted" & \'so\'.csv', 'a\u202Evsc.exe', ' spaces  inside .csv', 'x'.repeat(200)]
  await stage.in(undefined, async page => {
    const back = await page.evaluate(async ([key, names]) => {
      const back = []
      for (const name of names) {
        const sealing = await stheno.encryptToKeys(noise(1, 10), [key.public], { metadata: { name, type: 'text/csv' } })
        const sealed = await collect(sealing.stream)
        const file = await stheno.openWithKeys(sealed, [key.secret])
        const { metadata } = await stheno.inspect(sealed)
        back.push(metadata.name === file.about.metadata.name && metadata.type === 'text/csv' ? metadata.name : JSON.stringify(metadata))
      }
      return back
    }, [key, names])
    assert.deepEqual(back, names)
  })
})

test('what is no envelope is refused by its code, whatever it is', async () => {
  await stage.in(undefined, async page => {
    const found = await page.evaluate(async key => {
      const sealed = await collect((await stheno.encryptToKeys(noise(1, 100_000), [key.public])).stream)
      const changed = sealed.slice()
      changed[changed.length >> 1] ^= 1
      const sources = {
        nothing: new Uint8Array(),
        'one byte': new Uint8Array(1),
        noise: noise(5, 100_000),
        html: new TextEncoder().encode('<!doctype html><title>404</title>'),
        'cut in the header': sealed.slice(0, 40)
      }
      const codes = {}
      for (const [name, source] of Object.entries(sources)) {
        codes[name] = [await failure(stheno.inspect(source)), await failure(stheno.openWithKeys(source, [key.secret]))].map(error => error && [error.name, error.code, !!error.hint, error.denied, error.is.stheno])
      }
      const reading = async source => {
        const file = await stheno.openWithKeys(source, [key.secret])
        await file.bytes()
      }
      codes.cut = (await failure(reading(sealed.slice(0, 50_000))))?.code
      codes.changed = (await failure(reading(changed)))?.code
      return codes
    }, key)
    const refused = ['SthenoError', 'bad_envelope', true, false, true]
    assert.deepEqual(found, {
      nothing: [refused, refused], 'one byte': [refused, refused], noise: [refused, refused], html: [refused, refused],
      'cut in the header': [refused, refused], cut: 'bad_envelope', changed: 'bad_envelope'
    })
  })
})

test('bad keys and bad arguments are refused in words, and never repeated', async () => {
  const other = await makeKey(stage.storage.path('other'))
  await stage.in(undefined, async page => {
    const found = await page.evaluate(async ([key, other]) => {
      const seal = (input, keys, options) => stheno.encryptToKeys(input, keys, options).then(({ stream }) => collect(stream))
      const sealed = await seal(noise(1, 10), [key.public])
      const file = await stheno.openWithKeys(sealed, [key.secret])
      const open = keys => failure(stheno.openWithKeys(sealed, keys))
      const found = {
        another: await open([other.secret]),
        garbled: await open([key.secret.replace(/.$/, end => end === 'Q' ? 'P' : 'Q')]),
        'no key': await open([]),
        'public key': await open([key.public]),
        'to nobody': await failure(seal(noise(1, 10), [])),
        'to garbage': await failure(seal(noise(1, 10), ['stheno1garbage'])),
        'of no source': await failure(seal(42, [key.public])),
        'of nothing': await failure(stheno.inspect(undefined)),
        'other cipher': await failure(seal(noise(1, 10), [key.public], { cipher: 'rot13' })),
        'range beyond': await failure(file.range(0, 11)),
        'range backwards': await failure(file.range(5, 4)),
        'range negative': await failure(file.range(-1, 4))
      }
      await file.close()
      found.closed = await failure(file.bytes())
      return found
    }, [key, other])
    for (const [what, error] of Object.entries(found)) {
      assert.ok(error, `${what}: no error`)
      assert.equal(error.name, 'SthenoError', `${what}: ${JSON.stringify(error)}`)
      assert.ok(error.code && error.message && error.hint, `${what}: ${JSON.stringify(error)}`)
      const text = JSON.stringify(error)
      for (const secret of [key.secret, other.secret]) assert.ok(!text.includes(secret.slice(20, 50)), `${what} repeats a key`)
    }
    assert.equal(found.another.code, 'key_does_not_open')
    assert.equal(found.closed.code, 'closed')
    assert.equal(found['to nobody'].code, 'no_recipient')
    for (const what of ['of no source', 'of nothing', 'other cipher', 'range backwards', 'range negative']) assert.equal(found[what].code, 'bad_argument', what)
  })
})

test('the command opens what the page sealed to a key, and the reverse, with both ciphers', async () => {
  const { storage } = stage
  const plain = noise(11, 700_003)
  storage.put('plain', plain)
  await stage.in(undefined, async page => {
    for (const cipher of CIPHERS) {
      await page.evaluate(async ([key, cipher, url]) => {
        const { stream } = await stheno.encryptToKeys(noise(11, 700_003), [key.public], { cipher, metadata: { name: 'noise' } })
        await put(url, await new Response(stream).blob())
      }, [key, cipher, storage.url(`${cipher}.page`)])
      await sthenoJson(['decrypt', storage.path(`${cipher}.page`), '--identity', storage.path('key'), '-o', storage.path('opened'), '--force'])
      assert.ok(storage.bytes('opened').equals(plain), cipher)
      const said = await sthenoJson(['piece', storage.path(`${cipher}.page`)])
      const named = await page.evaluate(async url => (await stheno.pieceCid(url)).pieceCid, storage.url(`${cipher}.page`))
      assert.ok(JSON.stringify(said).includes(named), `${named} in ${JSON.stringify(said)}`)

      await sthenoJson(['encrypt', storage.path('plain'), '-o', storage.path(`${cipher}.cli`), '--also-to', key.public, '--cipher', cipher, '--force'])
      const opened = await page.evaluate(async ([key, url]) => {
        const file = await stheno.openWithKeys(url, [key.secret])
        return [file.about.cipher, same(await file.bytes(), noise(11, 700_003))]
      }, [key, storage.url(`${cipher}.cli`)])
      assert.deepEqual(opened, [cipher, true])
    }
  })
})
