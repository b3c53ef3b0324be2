// `make test-browser`: every test file, one after the other, against one devnet. Ends by itself.
//
//   node run.mjs                   all
//   node run.mjs open wallet       those files alone
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { Devnet, VARIABLE } from './devnet.mjs'
import { HERE, NO_BROWSER, findBrowser, missing } from './places.mjs'

/** All of it, and one file: minutes. */
const [ALL, FILE] = [12, 5].map(minutes => minutes * 60_000)

if (!findBrowser()) {
  console.log(`skipped: ${NO_BROWSER}`)
  process.exit(0)
}
const lacks = missing()
if (lacks.length) {
  for (const lack of lacks) console.error(`error: ${lack}`)
  process.exit(2)
}

const wanted = process.argv.slice(2)
const files = readdirSync(HERE).filter(name => name.endsWith('.test.mjs')).sort()
  .filter(name => !wanted.length || wanted.includes(name.replace('.test.mjs', '')))
if (!files.length) {
  console.error(`error: no test file has one of these names: ${wanted.join(', ')}`)
  process.exit(2)
}

const devnet = await Devnet.start()
const described = join(tmpdir(), `stheno-browser-${process.pid}.json`)
writeFileSync(described, JSON.stringify(devnet.description))
const args = ['--test', '--test-concurrency=1', `--test-timeout=${FILE}`, '--test-reporter=spec', ...files]
// A process group of its own: a browser that hangs ends with it.
const tests = spawn(process.execPath, args, { cwd: HERE, stdio: 'inherit', detached: true, env: { ...process.env, [VARIABLE]: described } })
const end = signal => { try { process.kill(-tests.pid, signal) } catch { /* it has ended */ } }
const late = setTimeout(() => {
  console.error(`error: not done after ${ALL / 60_000} minutes`)
  end('SIGKILL')
}, ALL)
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => end('SIGTERM'))
const [code] = await once(tests, 'exit')
clearTimeout(late)
await devnet.stop()
rmSync(described, { force: true })
process.exitCode = code ?? 1
