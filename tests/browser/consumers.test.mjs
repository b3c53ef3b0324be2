// The package as others use it: packed, installed without a network, and built by their tools with no configuration.
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'

import { makeKey } from './command.mjs'
import { noise } from './noise.mjs'
import { HERE, PACKAGE, VECTORS } from './places.mjs'
import { PageServer, STRICT } from './servers.mjs'
import { faultsOf, launch } from './stage.mjs'

const run = promisify(execFile)
const PATIENCE = 90_000

let folder
let tarball
let key
let browser
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'stheno-consumers-'))
  key = await makeKey(join(folder, 'key'))
  const { stdout } = await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], { cwd: PACKAGE })
  const [packed] = JSON.parse(stdout)
  tarball = join(folder, packed.filename)
  browser = await launch()
})
after(async () => {
  await browser?.close()
  if (folder) rmSync(folder, { recursive: true, force: true })
})

/** What every consumer does: seal to a key, open with it, and say what came of it. */
const JOB = `
export async function job (stheno, { Prover }, key) {
  const plain = crypto.getRandomValues(new Uint8Array(60_000))
  const { stream, done } = await stheno.encryptToKeys(plain, [key.public], { metadata: { name: 'a.bin' } })
  const sealed = new Uint8Array(await new Response(stream).arrayBuffer())
  await done
  const { pieceCid } = await stheno.pieceCid(sealed)
  const about = await stheno.inspect(sealed)
  const file = await stheno.openWithKeys(sealed, [key.secret])
  const bytes = await file.bytes()
  await file.close()
  const same = bytes.length === plain.length && bytes.every((byte, i) => byte === plain[i])
  const prover = new Prover()
  const commitment = [...await prover.memberCommitment(new Uint8Array(32).fill(7))].map(byte => byte.toString(16).padStart(2, '0')).join('')
  prover.close()
  return { same, name: about.metadata.name, kind: about.recipients[0].kind, piece: pieceCid.startsWith('bafkz'), version: typeof await stheno.version(), commitment: \`0x\${commitment}\` }
}
`
const { commitment } = JSON.parse(readFileSync(join(VECTORS, 'circuits.json'), 'utf8')).leaves
const DONE = { same: true, name: 'a.bin', kind: 'x25519', piece: true, version: 'string', commitment }

/** A project in a folder of its own that has the package installed, and these files. */
async function project (name, files) {
  const root = join(folder, name)
  mkdirSync(join(root, 'src'), { recursive: true })
  writeFileSync(join(root, 'package.json'), JSON.stringify({ name, version: '1.0.0', private: true, type: 'module' }))
  for (const [path, content] of Object.entries({ 'src/job.js': JOB, 'src/key.js': `export const key = ${JSON.stringify(key)}\n`, ...files })) writeFileSync(join(root, path), content)
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', '--ignore-scripts', tarball], { cwd: root })
  return root
}

const MAIN = `
import * as prover from '@stheno/web/prover'
import * as stheno from '@stheno/web'
import { job } from './job.js'
import { key } from './key.js'
job(stheno, prover, key).then(done => { window.done = done }, error => { window.done = String(error.stack ?? error) })
`
/** The same without a bundler, where the package lies at /stheno/. */
const PLAIN = MAIN.replace('@stheno/web/prover', '/stheno/prover.js').replace('@stheno/web', '/stheno/index.js')
const page = script => `<!doctype html><html lang="en"><meta charset="utf-8"><title>Consumer</title><script type="module" src="${script}"></script></html>`

/** Opens a page and waits for what the job says. */
async function done (url) {
  const context = await browser.newContext()
  const page = await context.newPage()
  const faults = faultsOf(page)
  try {
    await page.goto(url)
    await page.waitForFunction(() => window.done !== undefined, undefined, { timeout: 30_000 }).catch(error => { throw new Error(`${error.message}\n${faults.join('\n')}`) })
    const said = await page.evaluate(() => window.done)
    assert.deepEqual(faults, [])
    return said
  } finally {
    await context.close()
  }
}

/** Runs a server's command until `work` with its address is done. */
async function serving (args, cwd, work) {
  const child = spawn(process.execPath, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, NO_COLOR: '1', BROWSER: 'none' } })
  let said = ''
  child.stderr.on('data', data => { said += data })
  try {
    const address = (async () => {
      for await (const line of createInterface(child.stdout)) {
        said += `${line}\n`
        const found = /http:\/\/(?:127\.0\.0\.1|localhost):\d+\//.exec(line)
        if (found) return found[0]
      }
      throw new Error(`no server: ${said}`)
    })()
    const late = new Promise((resolve, reject) => setTimeout(() => reject(new Error(`no server: ${said}`)), 30_000).unref())
    return await work(await Promise.race([address, late]))
  } finally {
    if (child.exitCode === null) {
      const gone = once(child, 'exit')
      child.kill('SIGTERM')
      await gone
    }
  }
}

const tool = path => join(HERE, 'node_modules', path)

test('package has its types, its licences, and no more than it needs', async () => {
  const root = await project('packed', {})
  const own = join(root, 'node_modules/@stheno/web')
  const files = readdirSync(own, { recursive: true }).map(String)
  for (const needed of [/^package\.json$/, /^README\.md$/, /^dist\/index\.js$/, /^dist\/index\.d\.ts$/, /\.wasm$/, /LICENSE/]) assert.ok(files.some(file => needed.test(file)), `no ${needed} among ${files.join(' ')}`)
  assert.ok(!files.some(file => /node_modules|\.map$|(^|\/)src\/|\.rs$|test/.test(file)), files.join(' '))
})

test('Vite builds it, and serves it in development', { timeout: PATIENCE }, async () => {
  const root = await project('vite', { 'index.html': page('/src/main.js'), 'src/main.js': MAIN })
  const vite = tool('vite/bin/vite.js')
  await run(process.execPath, [vite, 'build'], { cwd: root })
  await serving([vite, 'preview', '--host', '127.0.0.1', '--port', '0'], root, async url => assert.deepEqual(await done(url), DONE))
  await serving([vite, '--host', '127.0.0.1', '--port', '0'], root, async url => assert.deepEqual(await done(url), DONE))
})

test('webpack 5 builds it with an entry alone', { timeout: PATIENCE }, async () => {
  const root = await project('webpack', { 'src/index.js': MAIN })
  // The command as it is without any configuration: ./src/index.js becomes ./dist/main.js.
  await run(process.execPath, [tool('webpack-cli/bin/cli.js'), '--mode', 'production'], { cwd: root }).catch(error => { throw new Error(error.stdout + error.stderr) })
  writeFileSync(join(root, 'dist/index.html'), '<!doctype html><html lang="en"><meta charset="utf-8"><title>Consumer</title><script src="main.js" defer></script></html>')
  const server = await PageServer.start({ '/': join(root, 'dist') })
  try {
    assert.deepEqual(await done(`${server.origin}/index.html`), DONE)
  } finally {
    await server.stop()
  }
})

test('plain module script loads it, under a strict policy', { timeout: PATIENCE }, async () => {
  const root = await project('plain', { 'index.html': page('src/main.js'), 'src/main.js': PLAIN })
  cpSync(join(root, 'node_modules/@stheno/web/dist'), join(root, 'stheno'), { recursive: true })
  const server = await PageServer.start({ '/': root }, { csp: STRICT })
  try {
    assert.deepEqual(await done(`${server.origin}/index.html`), DONE)
  } finally {
    await server.stop()
  }
})

test('module worker of the application uses it, as it is and built by Vite', { timeout: PATIENCE }, async () => {
  const inWorker = script => script.replace('window.done = done', 'postMessage(done)').replace('window.done = String(error.stack ?? error)', 'postMessage(String(error.stack ?? error))')
  const main = "const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' })\nworker.onmessage = ({ data }) => { window.done = data }\nworker.onerror = event => { window.done = `error: ${event.message}` }\n"
  const plain = await project('worker', { 'index.html': page('src/main.js'), 'src/main.js': main, 'src/worker.js': inWorker(PLAIN) })
  cpSync(join(plain, 'node_modules/@stheno/web/dist'), join(plain, 'stheno'), { recursive: true })
  const server = await PageServer.start({ '/': plain }, { csp: STRICT })
  try {
    assert.deepEqual(await done(`${server.origin}/index.html`), DONE)
  } finally {
    await server.stop()
  }
  // Vite builds workers as classic scripts unless it is told otherwise, which no module with parts of its own can be.
  const built = await project('worker-vite', { 'index.html': page('/src/main.js'), 'src/main.js': main, 'src/worker.js': inWorker(MAIN), 'vite.config.js': "export default { worker: { format: 'es' } }\n" })
  const vite = tool('vite/bin/vite.js')
  await run(process.execPath, [vite, 'build'], { cwd: built })
  await serving([vite, 'preview', '--host', '127.0.0.1', '--port', '0'], built, async url => assert.deepEqual(await done(url), DONE))
})

test('script in Node encrypts, inspects and decrypts', { timeout: PATIENCE }, async () => {
  const root = await project('node', { 'src/main.js': MAIN.replace(/^job.*$/m, 'console.log(JSON.stringify(await job(stheno, prover, key)))') })
  const { stdout, stderr } = await run(process.execPath, ['src/main.js'], { cwd: root, timeout: 30_000 })
  assert.deepEqual(JSON.parse(stdout), DONE)
  assert.equal(stderr, '')
})

test('example for Node encrypts and opens a file', { timeout: PATIENCE }, async () => {
  const example = readFileSync(join(HERE, '../../examples/web/node/roundtrip.mjs'), 'utf8')
  const bytes = Buffer.from(noise(5, 3_000_001))
  const root = await project('example', { 'roundtrip.mjs': example })
  writeFileSync(join(root, 'file'), bytes)
  writeFileSync(join(root, 'key'), `# kept in a file\n${key.secret}\n`)
  const { stdout } = await run(process.execPath, ['roundtrip.mjs', key.public, 'key', 'file'], { cwd: root, timeout: 30_000 })
  assert.match(stdout, new RegExp(`${bytes.length} bytes, SHA-256 ${createHash('sha256').update(bytes).digest('hex')}`))
})
