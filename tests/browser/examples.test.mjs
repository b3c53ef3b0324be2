// The examples for pages, as they stand in examples/web: the plain one as it is, the React one built by Vite.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'

import { makeKey } from './command.mjs'
import { DIST, HERE, PACKAGE, ROOT } from './places.mjs'
import { PageServer, STRICT } from './servers.mjs'
import { Stage, faultsOf } from './stage.mjs'

const run = promisify(execFile)
const EXAMPLES = join(ROOT, 'examples/web')
/** The plain page has its script in itself. */
const INLINE = STRICT.replace("script-src 'self'", "script-src 'self' 'unsafe-inline'")
let stage
let picture
before(async () => {
  stage = await Stage.set()
  picture = await stage.in(undefined, async page => Buffer.from(await page.evaluate(async () => {
    const drawn = new OffscreenCanvas(3, 2)
    drawn.getContext('2d').fillRect(0, 0, 3, 2)
    return [...new Uint8Array(await (await drawn.convertToBlob()).arrayBuffer())]
  })))
})
after(() => stage?.end())

/** A page, what it says of its faults, and its end. */
async function page (wallet) {
  const context = await stage.browser.newContext()
  if (wallet) await wallet.inject(context)
  const page = await context.newPage()
  page.setDefaultTimeout(30_000)
  page.faults = faultsOf(page)
  return page
}

/** Seals the picture in a page of the package's. */
async function sealed (what, to) {
  return await stage.in(undefined, async page => Buffer.from(await page.evaluate(async ([network, what, to, bytes]) => {
    const plain = new Uint8Array(bytes)
    const options = { metadata: { name: 'red.png', type: 'image/png' } }
    const made = what === 'policy'
      ? await (await stheno.Network.connect(network)).encrypt(plain, to, options)
      : await stheno.encryptToKeys(plain, [to], options)
    return [...new Uint8Array(await new Response(made.stream).arrayBuffer())]
  }, [stage.devnet.networkFile, what, to, [...picture]])))
}

test('plain page tells what is in an envelope, and what is wrong with a file that is none', async () => {
  const key = await makeKey(stage.storage.path('example key'))
  const envelope = await sealed('key', key.public)
  const server = await PageServer.start({ '/': join(EXAMPLES, 'html'), '/stheno/': DIST }, { csp: INLINE })
  const shown = await page()
  try {
    await shown.goto(`${server.origin}/index.html`)
    const give = async (name, buffer, wanted) => {
      await shown.setInputFiles('#file', { name, mimeType: 'application/octet-stream', buffer })
      await shown.waitForFunction(wanted => document.querySelector('#about').textContent.includes(wanted), wanted)
    }
    await give('red.png.fee', envelope, '"red.png"')
    const about = JSON.parse(await shown.textContent('#about'))
    assert.equal(about.recipients[0].kind, 'x25519')
    await give('red.png', picture, 'not')
    assert.deepEqual(shown.faults, [])
  } finally {
    await shown.context().close()
    await server.stop()
  }
})

test('React component opens a picture, and says who is refused why', { timeout: 120_000 }, async () => {
  const { devnet, storage } = stage
  const sources = {
    open: storage.put('example open.fee', await sealed('policy', devnet.openPolicy)),
    pass: storage.put('example pass.fee', await sealed('policy', devnet.passPolicy))
  }
  const root = storage.path('example react')
  mkdirSync(join(root, 'node_modules/@stheno'), { recursive: true })
  cpSync(join(EXAMPLES, 'react'), root, { recursive: true })
  for (const name of ['react', 'react-dom']) symlinkSync(join(HERE, 'node_modules', name), join(root, 'node_modules', name))
  symlinkSync(PACKAGE, join(root, 'node_modules/@stheno/web'))
  writeFileSync(join(root, 'package.json'), JSON.stringify({ name: 'example', private: true, type: 'module' }))
  writeFileSync(join(root, 'network.json'), JSON.stringify(devnet.networkFile))
  writeFileSync(join(root, 'index.html'), '<!doctype html><html lang="en"><meta charset="utf-8"><title>Example</title><div id="root"></div><script type="module" src="/main.jsx"></script></html>')
  writeFileSync(join(root, 'main.jsx'), `
    import { StrictMode } from 'react';
    import { createRoot } from 'react-dom/client';
    import { EncryptedImage } from './EncryptedImage.jsx';
    import network from './network.json';
    const sources = ${JSON.stringify(sources)};
    const source = sources[location.hash.slice(1)];
    createRoot(document.getElementById('root')).render(<StrictMode><EncryptedImage network={network} source={source} alt="red" /></StrictMode>);
  `)
  await run(process.execPath, [join(HERE, 'node_modules/vite/bin/vite.js'), 'build'], { cwd: root })
  const server = await PageServer.start({ '/': join(root, 'dist') }, { csp: `${STRICT}; img-src blob:` })
  const shown = await page(stage.wallet(devnet.keyOf('stranger')))
  try {
    await shown.goto(`${server.origin}/index.html#open`)
    await shown.click('button')
    await shown.waitForFunction(() => document.querySelector('img[alt=red]')?.naturalWidth === 3)

    await shown.goto('about:blank')
    await shown.goto(`${server.origin}/index.html#pass`)
    await shown.click('button')
    await shown.waitForSelector('[role=alert] li')
    assert.match(await shown.innerText('[role=alert]'), /.{20}/)
    assert.deepEqual(shown.faults, [])
  } finally {
    await shown.context().close()
    await server.stop()
  }
})
