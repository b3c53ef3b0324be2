// `make bench-browser`: what a proof costs in Chromium and in Node, a row for each circuit, as the Markdown table of
// BENCHMARKS.md "In a browser".
//
//   node bench-prover.mjs                              everything: some six minutes
//   node bench-prover.mjs node                         one of both places
//   node bench-prover.mjs membership-20-v1 chromium    one circuit there
//
// Rows come on stdout as they are made, what is being done on stderr. Medians of STHENO_BENCH_ROUNDS (3), by the clock; what
// takes longer than STHENO_BENCH_DEADLINE seconds (300) is ended and gets no figures. Wants a machine that does nothing else.
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { DIST, HERE, KEYS, NO_BROWSER, findBrowser, missing } from './places.mjs'
import { PageServer } from './servers.mjs'
import { launch } from './stage.mjs'

const run = promisify(execFile)
const CIRCUITS = ['membership-20-v1', 'membership-32-v1', 'credential-20-v1', 'credential-32-v1']
const PLACES = { chromium: inChromium, node: inNode }
const ROUNDS = Number(process.env.STHENO_BENCH_ROUNDS ?? 3)
const DEADLINE = 1_000 * Number(process.env.STHENO_BENCH_DEADLINE ?? 300)

const wanted = process.argv.slice(2)
const chosen = names => names.some(name => wanted.includes(name)) ? names.filter(name => wanted.includes(name)) : names
const [places, circuits] = [chosen(Object.keys(PLACES)), chosen(CIRCUITS)]
const unknown = wanted.filter(name => !(name in PLACES) && !CIRCUITS.includes(name))
const lacks = [
  ...unknown.map(name => `${name} is none of ${[...Object.keys(PLACES), ...CIRCUITS].join(', ')}`),
  ...missing(),
  ...(places.includes('chromium') && !findBrowser() ? [`${NO_BROWSER}, or say \`node\``] : [])
]
if (lacks.length) {
  for (const lack of lacks) console.error(`error: ${lack}`)
  process.exit(2)
}

const folder = mkdtempSync(join(tmpdir(), 'stheno-bench-prover-'))
const server = await PageServer.start({ '/': join(HERE, 'pages'), '/stheno/': DIST, '/keys/': folder })
const line = cells => console.log(`| ${cells.join(' | ')} |`)
try {
  line(['circuit', 'where', 'prove', 'of that all but the proof', 'key, read by its hash', 'checked and tried', 'WebAssembly memory'])
  line(['---', '---', ...Array(5).fill('--:')])
  for (const circuit of circuits) {
    tell(circuit, 'making its key')
    const { stdout } = await run(KEYS, ['make', circuit, '00'.repeat(32), folder])
    const { proving, verifying } = JSON.parse(stdout)
    const job = { circuit, url: `${server.origin}/keys/${circuit}.proving`, hash: proving, verifyingHash: verifying, rounds: ROUNDS }
    for (const place of places) line([`\`${circuit}\``, place === 'node' ? 'Node' : 'Chromium', ...figures(await PLACES[place](job))])
  }
} finally {
  await server.stop()
  rmSync(folder, { recursive: true, force: true })
}
process.exit(0)

function figures (found) {
  if (!found) return Array(5).fill('–')
  const seconds = values => `${(median(values) / 1_000).toFixed(2)} s`
  const rest = found.whole.map((whole, round) => whole - found.prove[round])
  return [seconds(found.whole), seconds(rest), seconds(found.read), seconds(found.checked), `${(found.memory / (1 << 20)).toFixed(0)} MiB`]
}

async function inChromium (job) {
  const browser = await launch()
  try {
    const page = await browser.newPage()
    await page.exposeFunction('told', text => tell(`${job.circuit}, Chromium`, text))
    await page.goto(`${server.origin}/bench.html`)
    const found = page.evaluate(async job => (await import('/prove-bench.js')).measure('/stheno', job, globalThis.told), job)
    return await inTime(found, `${job.circuit}, Chromium`)
  } finally {
    await browser.close()
  }
}

/** In a process of its own, which can be ended. */
async function inNode (job) {
  const script = `
    const { measure } = await import(${JSON.stringify(join(HERE, 'pages/prove-bench.js'))})
    const tell = text => console.error(${JSON.stringify(`${job.circuit}, Node: `)} + text)
    console.log(JSON.stringify(await measure(${JSON.stringify(DIST)}, ${JSON.stringify(job)}, tell)))
    process.exit(0)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    let text = ''
    child.stdout.on('data', part => { text += part })
    const ended = once(child, 'close').then(([code]) => {
      if (code) throw new Error(`Node ended with ${code}`)
      return JSON.parse(text)
    })
    return await inTime(ended, `${job.circuit}, Node`)
  } finally {
    child.kill('SIGKILL')
  }
}

/** Nothing, where it takes too long. */
async function inTime (work, what) {
  let timer
  const late = new Promise(resolve => {
    timer = setTimeout(() => {
      tell(what, `given up after ${DEADLINE / 1_000} s`)
      resolve(undefined)
    }, DEADLINE)
  })
  try {
    // What is ended afterwards fails, unheard.
    work.catch(() => {})
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

function tell (what, text) {
  console.error(`${what}: ${text}`)
}

function median (values) {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[sorted.length >> 1]
}
