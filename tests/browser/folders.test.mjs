// Encrypted folders: by their link, and by their manifest; with names of every script.
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'

import { sthenoJson } from './command.mjs'
import { noise } from './noise.mjs'
import { Stage, connect } from './stage.mjs'

const FILES = {
  'table.csv': 'a,b\n1,2\n',
  'deep/er/image.bin': noise(51, 300_001),
  empty: '',
  '报告/文件（一）.txt': '你好\n',
  'отчёт.txt': 'привет\n',
  'مجلد/ملف.txt': 'مرحبا\n',
  '<b>bold</b>.html': '<script>alert(1)</script>'
}

let stage
let link
let place
let manifest
before(async () => {
  stage = await Stage.set()
  const { devnet, storage } = stage
  const [data, sealed] = ['data', 'sealed'].map(name => storage.path(name))
  for (const [path, content] of Object.entries(FILES)) {
    mkdirSync(join(data, dirname(path)), { recursive: true })
    writeFileSync(join(data, path), content)
  }
  const made = await sthenoJson(['encrypt', data, '-o', sealed, '--policy', devnet.description.policy, '--network', devnet.networkPath])
  // Pieces go where the storage serves them, and the link says where that is.
  const put = await sthenoJson(['put', sealed, '--to', storage.folder])
  place = `${storage.origin}/good`
  link = `${put.link}?at=${encodeURIComponent(place)}`
  manifest = readFileSync(made.manifest)
})
after(() => stage?.end())

test('folder opens by its link, with the names as they are', async () => {
  const { devnet } = stage
  const wallet = stage.wallet(devnet.keyOf('reader'))
  await stage.in(wallet, async page => {
    await connect(page, devnet)
    const found = await page.evaluate(async ([link, noisy]) => {
      const folder = await network.openFolder(link, { reader: wallet })
      const found = {}
      for (const { path, size } of folder.entries) {
        const file = await folder.file(path, { reader: wallet })
        const bytes = await file.bytes()
        found[path] = [size, path === noisy ? same(bytes, noise(51, 300_001)) : new TextDecoder().decode(bytes)]
        await file.close()
      }
      return { found, missing: (await failure(folder.file('not there', { reader: wallet })))?.code }
    }, [link, 'deep/er/image.bin'])
    const expected = Object.fromEntries(Object.entries(FILES).map(([path, content]) => [path, [Buffer.byteLength(content), typeof content === 'string' ? content : true]]))
    assert.deepEqual(Object.entries(found.found).sort(), Object.entries(expected).sort())
    assert.equal(found.missing, 'no_such_file')
  })
})

test('folder opens by its manifest, and its files from the places that are given', async () => {
  const { devnet, storage } = stage
  const url = storage.put('manifest.fee', manifest)
  await stage.in(stage.wallet(devnet.keyOf('reader')), async page => {
    await connect(page, devnet)
    const text = await page.evaluate(async ([url, place]) => {
      const folder = await network.openFolder(url, { reader: wallet, places: [place] })
      return new TextDecoder().decode(await (await folder.file('报告/文件（一）.txt', { reader: wallet })).bytes())
    }, [url, place])
    assert.equal(text, FILES['报告/文件（一）.txt'])
  })
})

test('links that are none, and folders that are closed to the reader, are refused', async () => {
  const { devnet } = stage
  await stage.in(stage.wallet(await devnet.newKey()), async page => {
    await connect(page, devnet)
    const [bad, denied] = await page.evaluate(async link => [
      await failure(network.openFolder('stheno:collection/garbage')), await failure(network.openFolder(link, { reader: wallet }))
    ], link)
    assert.equal(bad?.code, 'bad_link')
    assert.equal(denied?.code, 'condition_not_met')
    assert.equal(denied.denied, true)
  })
})
