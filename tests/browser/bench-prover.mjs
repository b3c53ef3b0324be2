// `make bench-browser`: what a proof costs in Chromium and in Node, a row for each circuit, as a Markdown table.
//
//   node bench-prover.mjs             both
//   node bench-prover.mjs node        one of them
//
// Medians; wants a machine that does nothing else.
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { measure } from './pages/prove-bench.js'
import { DIST, HERE, KEYS } from './places.mjs'
import { PageServer } from './servers.mjs'
import { launch } from './stage.mjs'

const run = promisify(execFile)
const CIRCUITS = ['membership-20-v1', 'membership-32-v1', 'credential-20-v1', 'credential-32-v1']
const ROUNDS = Number(process.env.STHENO_BENCH_ROUNDS ?? 5)

const wanted = process.argv.slice(2)
const folder = mkdtempSync(join(tmpdir(), 'stheno-bench-prover-'))
const server = await PageServer.start({ '/': join(HERE, 'pages'), '/stheno/': DIST, '/keys/': folder })
const rows = []
try {
  for (const circuit of CIRCUITS) {
    const { stdout } = await run(KEYS, ['make', circuit, '00'.repeat(32), folder])
    const { proving, verifying } = JSON.parse(stdout)
    const job = { circuit, url: `${server.origin}/keys/${circuit}.proving`, hash: proving, verifyingHash: verifying, rounds: ROUNDS }
    const bytes = statSync(join(folder, `${circuit}.proving`)).size
    if (!wanted.length || wanted.includes('chromium')) rows.push(['Chromium', bytes, circuit, await inChromium(job)])
    if (!wanted.length || wanted.includes('node')) rows.push(['Node', bytes, circuit, await measure(DIST, job)])
  }
} finally {
  await server.stop()
  rmSync(folder, { recursive: true, force: true })
}
print(rows)
process.exit(0)

async function inChromium (job) {
  const browser = await launch()
  try {
    const page = await browser.newPage()
    page.setDefaultTimeout(600_000)
    await page.goto(`${server.origin}/bench.html`)
    return await page.evaluate(async job => (await import('/prove-bench.js')).measure('/stheno', job), job)
  } finally {
    await browser.close()
  }
}

function print (rows) {
  const line = cells => console.log(`| ${cells.join(' | ')} |`)
  const seconds = values => `${(median(values) / 1_000).toFixed(2)} s`
  line(['circuit', 'where', 'key', 'read by its hash', 'every point checked', 'prove', 'of that check', 'assign', 'prove', 'verify', 'memory'])
  line(['---', '---', ...Array(9).fill('--:')])
  for (const [where, bytes, circuit, found] of rows) {
    const phases = ['check', 'assign', 'prove', 'verify'].map(phase => seconds(found[phase]))
    line([`\`${circuit}\``, where, `${(bytes / 1e6).toFixed(1)} MB`, seconds(found.read), seconds(found.checked), `**${seconds(found.whole)}**`, ...phases, `${(found.memory / (1 << 20)).toFixed(0)} MiB`])
  }
}

function median (values) {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[sorted.length >> 1]
}
