// `make bench-browser`: the figures of the browser package, in Chromium and in Node, as a Markdown table.
//
//   node bench.mjs             both
//   node bench.mjs chromium    one of them
//
// What is measured runs from `pages/bench.js` in both. Medians; wants a machine that does nothing else.
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'

import { makeKey } from './command.mjs'
import { Devnet } from './devnet.mjs'
import { DIST, HERE, NO_BROWSER, findBrowser, missing } from './places.mjs'
import { PageServer } from './servers.mjs'
import { launch } from './stage.mjs'

const lacks = [...missing(), ...(findBrowser() ? [] : [NO_BROWSER])]
if (lacks.length) {
  for (const lack of lacks) console.error(`error: ${lack}`)
  process.exit(2)
}
const wanted = process.argv.slice(2)
const where = [chromium, node].filter(({ name }) => !wanted.length || wanted.includes(name))

const folder = mkdtempSync(join(tmpdir(), 'stheno-bench-'))
const figures = {}
try {
  const key = await makeKey(join(folder, 'key'))
  const devnet = await Devnet.start()
  try {
    const job = { key, network: devnet.networkFile, policy: devnet.openPolicy, rounds: 21 }
    for (const run of where) figures[run.name] = await run('measureReading', job)
  } finally {
    await devnet.stop()
  }
  // Nodes and chain have no part in this, and would have one in the processor.
  const job = { key, mib: Number(process.env.STHENO_BENCH_MIB ?? 256) }
  for (const run of where) Object.assign(figures[run.name], await run('measureLoads', job), await run('measureBytes', job))
} finally {
  rmSync(folder, { recursive: true, force: true })
}
print(figures)

async function chromium (what, job) {
  const server = await PageServer.start({ '/': join(HERE, 'pages'), '/stheno/': DIST })
  const browser = await launch()
  const page = async () => {
    const page = await browser.newPage()
    page.setDefaultTimeout(600_000)
    await page.goto(`${server.origin}/bench.html`)
    return page
  }
  try {
    const version = `Chromium ${browser.version()}`
    const measured = async what => (await page()).evaluate(([what, job]) => globalThis[what]('/stheno/index.js', job), [what, job])
    return { version, ...what === 'measureLoads' ? await loads(measured) : await measured(what) }
  } finally {
    await browser.close()
    await server.stop()
  }
}

async function node (what, job) {
  const index = join(DIST, 'index.js')
  const run = promisify(execFile)
  const measured = async what => {
    const script = `
      const bench = await import(${JSON.stringify(join(HERE, 'pages/bench.js'))})
      const found = await bench[${JSON.stringify(what)}](${JSON.stringify(index)}, ${JSON.stringify(job)})
      console.log(JSON.stringify(found))
      process.exit(0)`
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], { timeout: 600_000 })
    return JSON.parse(stdout)
  }
  return { version: `Node ${process.version}`, ...what === 'measureLoads' ? await loads(measured) : await measured(what) }
}

/** Each time a page, or a process, that has nothing in memory yet. */
async function loads (measured) {
  const load = []
  for (let round = 0; round < 11; round++) load.push(await measured('measureLoad'))
  return { load }
}

function print (figures) {
  const columns = Object.values(figures)
  const ms = value => value === undefined ? 'not exported' : `${value.toFixed(value < 10 ? 1 : 0)} ms`
  const speed = value => `${value.toFixed(0)} MB/s`
  const rows = [
    ['load and instantiate', 'load', values => ms(median(values))],
    ['seal to (3,5)', 'seal', values => ms(median(values)), '80 ms'],
    ['open with (3,5), nodes on this machine', 'open', values => ms(median(values)), '80 ms'],
    ['combine 43 of 64', 'combine64', values => ms(values && median(values)), '150 ms'],
    ['combine 86 of 128', 'combine128', values => ms(values && median(values)), '300 ms'],
    ['encrypt, AES-256-GCM', 'encrypt:aes-256-gcm', speed, '800 MB/s'],
    ['decrypt, AES-256-GCM', 'decrypt:aes-256-gcm', speed, '800 MB/s'],
    ['WebCrypto alone, 8 chunks at once', 'webcrypto', speed],
    ['encrypt, ChaCha20-Poly1305', 'encrypt:chacha20-poly1305', speed, '200 MB/s'],
    ['decrypt, ChaCha20-Poly1305', 'decrypt:chacha20-poly1305', speed, '200 MB/s'],
    ['Blob to Blob: encrypt, AES-256-GCM', 'encrypt blob:aes-256-gcm', speed],
    ['Blob to Blob: decrypt, AES-256-GCM', 'decrypt blob:aes-256-gcm', speed],
    ['Blob to Blob: encrypt, ChaCha20-Poly1305', 'encrypt blob:chacha20-poly1305', speed],
    ['Blob to Blob: decrypt, ChaCha20-Poly1305', 'decrypt blob:chacha20-poly1305', speed],
    ['Blob to Blob, no cipher', 'blob', speed],
  ]
  const line = cells => `| ${cells.join(' | ')} |`
  console.log(line(['what', ...columns.map(({ version }) => version), 'target']))
  console.log(line(['---', ...columns.map(() => '--:'), '--:']))
  for (const [what, name, show, target = ''] of rows) console.log(line([what, ...columns.map(found => show(found[name])), target]))
  console.log(line(['package, gzipped', ...columns.map(() => `${(size() / 1024).toFixed(0)} KiB`), '450 KiB']))
}

/** All that a page loads, each file compressed by itself. */
function size () {
  const files = readdirSync(DIST, { recursive: true }).map(String).filter(name => /\.(js|mjs|wasm)$/.test(name))
  return files.reduce((sum, name) => sum + gzipSync(readFileSync(join(DIST, name)), { level: 9 }).length, 0)
}

function median (values) {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[sorted.length >> 1]
}
