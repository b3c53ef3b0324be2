// Where everything lies that these tests need, and what to say when it does not.
import { accessSync, constants, existsSync } from 'node:fs'
import { delimiter, join, resolve } from 'node:path'

/** The repository. */
export const ROOT = resolve(import.meta.dirname, '../..')
/** These tests. */
export const HERE = import.meta.dirname
/** The built package. */
export const PACKAGE = join(ROOT, 'crates/wasm/npm')
export const DIST = join(PACKAGE, 'dist')
/** The page that shows encrypted files. */
export const VIEWER = join(ROOT, 'examples/viewer')
export const VECTORS = join(ROOT, 'tests/vectors')
const RELEASE = join(process.env.CARGO_TARGET_DIR || join(ROOT, 'target'), 'release')
/** The command. */
export const STHENO = process.env.STHENO || join(RELEASE, 'stheno')
/** The example that makes proving keys and verifies proofs. */
export const KEYS = join(RELEASE, 'examples/keys')

const BROWSERS = ['chromium', 'chromium-browser', 'google-chrome']

/** The path of Chromium, or undefined. */
export function findChromium () {
  const named = process.env.STHENO_CHROMIUM
  if (named) return isProgram(named) ? named : undefined
  const folders = (process.env.PATH || '').split(delimiter)
  return BROWSERS.flatMap(name => folders.map(folder => join(folder, name))).find(isProgram)
}

/** What is missing, as a list of sentences. */
export function missing () {
  const needs = [
    [STHENO, 'the command; `make build` makes it'],
    [KEYS, 'the example of stheno-circuits; `make build` makes it'],
    [join(DIST, 'index.js'), 'the npm package; `make wasm` makes it']
  ]
  return needs.filter(([path]) => !existsSync(path)).map(([path, what]) => `${path} is not there: ${what}`)
}

function isProgram (path) {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
