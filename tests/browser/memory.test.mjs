// A file that is larger than the memory: encrypted into the page's own file system, and decrypted from it.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { makeKey } from './command.mjs'
import { BROWSER } from './places.mjs'
import { KNOWN, rendererOf, watch } from './residence.mjs'
import { Stage, launchProfile } from './stage.mjs'

const MIB = 1 << 20
const SIZE = Number(process.env.STHENO_MEMORY_MIB ?? 1_024) * MIB
/** The page with its worker, its code and all that Chromium needs for them. */
const MOST = 300 * MIB

/** Why it is not told how much memory a page has. */
const UNKNOWN = BROWSER !== 'chromium' ? `${BROWSER}'s pages are not told apart` : !KNOWN && 'the memory of a process cannot be told here'

let stage
let key
before(async () => {
  stage = await Stage.set({ devnet: false })
  key = await makeKey(stage.storage.path('key'))
})
after(() => stage?.end())

for (const cipher of ['aes-256-gcm', 'chacha20-poly1305']) {
  test(`${SIZE / MIB} MiB pass through a page of at most ${MOST / MIB} MiB, with ${cipher}`, { skip: UNKNOWN, timeout: 180_000 }, async () => {
    const { context, close } = await launchProfile()
    try {
      const page = await stage.page(undefined, { context })
      await page.context().pages()[0].close()
      page.setDefaultTimeout(170_000)
      const renderer = await rendererOf(page)
      const watched = watch(renderer)
      const found = await page.evaluate(async ([key, cipher, size]) => {
        const root = await navigator.storage.getDirectory()
        const handle = await root.getFileHandle('large.fee', { create: true })
        const began = performance.now()
        const sealing = await stheno.encryptToKeys(noiseStream(size), [key.public], { cipher })
        await sealing.stream.pipeTo(await handle.createWritable())
        const done = await sealing.done
        const sealed = performance.now()
        const stored = await handle.getFile()
        const file = await stheno.openWithKeys(stored, [key.secret])
        const checked = await checkNoise(file.stream(), size)
        const opened = performance.now()
        const part = same(await file.range(size - 1_000_000, size), noise(size / (1 << 20) - 1, 1 << 20).subarray((1 << 20) - 1_000_000))
        await file.close()
        await root.removeEntry('large.fee')
        return { done: [done.plaintextBytes, done.envelopeBytes === stored.size], checked, part, seconds: [sealed - began, opened - sealed].map(ms => ms / 1_000) }
      }, [key, cipher, SIZE])
      const most = watched.stop()
      const [sealing, opening] = found.seconds
      console.log(`${cipher}: sealed in ${sealing.toFixed(1)} s, opened in ${opening.toFixed(1)} s, at most ${(most / MIB).toFixed(0)} MiB`)
      assert.deepEqual(found.done, [SIZE, true])
      assert.deepEqual(found.checked, { bytes: SIZE, fault: undefined })
      assert.equal(found.part, true)
      assert.ok(most > 20 * MIB, `${most} bytes are no page`)
      assert.ok(most < MOST, `${(most / MIB).toFixed(0)} MiB`)
    } finally {
      await close()
    }
  })
}
