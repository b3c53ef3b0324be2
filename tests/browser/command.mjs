// The `stheno` command, run to its end.
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'

import { ROOT, STHENO } from './places.mjs'

const run = promisify(execFile)

/** Runs it; what it printed, or an error with what it said. `key`: the private key of its account. */
export async function stheno (args, { key } = {}) {
  const env = { ...process.env }
  delete env.STHENO_PRIVATE_KEY
  if (key) env.STHENO_PRIVATE_KEY = key
  const { stdout, stderr } = await run(STHENO, args, { cwd: ROOT, env, timeout: 60_000, maxBuffer: 1 << 26 })
  return { stdout, stderr }
}

/** The same, with its result as an object. */
export async function sthenoJson (args, options) {
  const { stdout } = await stheno([...args, '--json'], options)
  return JSON.parse(stdout)
}

/** Makes a key in a file: { public, secret }, as texts. */
export async function makeKey (path) {
  await stheno(['keygen', '-o', path, '--force'])
  const { stdout } = await stheno(['keygen', '-y', path])
  const secret = readFileSync(path, 'utf8').split('\n').find(line => line.startsWith('STHENO-SECRET-KEY-'))
  return { public: stdout.trim(), secret }
}
