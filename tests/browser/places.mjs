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

const BROWSERS = {
  chromium: ['chromium', 'chromium-browser', 'google-chrome'],
  firefox: ['firefox', 'firefox-esr']
}
/** Which one these tests drive. */
export const BROWSER = process.env.STHENO_BROWSER || 'chromium'
if (!(BROWSER in BROWSERS)) throw new Error(`STHENO_BROWSER is ${BROWSER}: give one of ${Object.keys(BROWSERS).join(', ')}`)

const VARIABLE = `STHENO_${BROWSER.toUpperCase()}`
/** What to say where it is not found. */
export const NO_BROWSER = `no ${BROWSER[0].toUpperCase()}${BROWSER.slice(1)} was found (set ${VARIABLE})`

/** The path of the browser, or undefined. */
export function findBrowser () {
  const named = process.env[VARIABLE]
  if (named) return isProgram(named) ? named : undefined
  const folders = (process.env.PATH || '').split(delimiter)
  return BROWSERS[BROWSER].flatMap(name => folders.map(folder => join(folder, name))).find(isProgram)
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
