// What most test files need: the browser, the devnet, the page server and storage, all ended at the end.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import * as drivers from 'playwright-core'

import { shared } from './devnet.mjs'
import { BROWSER, DIST, HERE, NO_BROWSER, findBrowser } from './places.mjs'
import { PageServer, Storage } from './servers.mjs'
import { TestWallet } from './wallet.mjs'

/** Nothing goes anywhere but where a page sends it; nothing of the machine's own settings counts. */
const FLAGS = [
  '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--disable-default-apps',
  // Chromium's sandbox does not start as root, as in containers.
  ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])
]

/** How each is started, without a window. Firefox as people have it, not one that was built for tests. */
function options () {
  const executablePath = findBrowser()
  assert.ok(executablePath, NO_BROWSER)
  const own = BROWSER === 'chromium' ? { args: FLAGS } : { channel: 'moz-firefox' }
  return { executablePath, headless: true, ...own }
}

export async function launch () {
  return await drivers[BROWSER].launch(options())
}

/** The same with a profile on the disk, as people have one: what pages store does not count as memory. */
export async function launchProfile () {
  const profile = mkdtempSync(join(tmpdir(), 'stheno-profile-'))
  const context = await drivers[BROWSER].launchPersistentContext(profile, options())
  const close = async () => {
    await context.close()
    rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  }
  return { context, close }
}

/**
 * What a browser says by itself of what a test does on purpose. Firefox asks for an icon that the page forbids, and
 * says so of what a service worker was asked and is not wanted any more.
 */
const NOISE = /Failed to load resource|Failed to load ‘’|blocked by CORS|Cross-Origin Request Blocked|net::ERR|favicon\.ico/

/** What goes wrong in a page and nobody handles, from now on; to ask something outside of this machine is a fault. */
export function faultsOf (page) {
  const faults = []
  const heard = text => { if (!NOISE.test(text)) faults.push(text) }
  page.on('pageerror', error => heard(String(error.stack ?? error)))
  page.on('console', message => {
    if (message.type() === 'error' && !NOISE.test(message.location().url)) heard(message.text())
  })
  // Of its workers, too.
  page.context().on('request', request => {
    const { protocol, hostname, origin } = new URL(request.url())
    if (/^(https?|wss?):$/.test(protocol) && !['127.0.0.1', 'localhost'].includes(hostname)) faults.push(`asked ${origin}`)
  })
  return faults
}

export class Stage {
  #ends = []

  /** `devnet`: false for tests that need none, or one of one's own. */
  static async set ({ devnet = true } = {}) {
    const stage = new Stage()
    try {
      if (devnet) {
        stage.devnet = devnet === true ? await shared() : devnet
        stage.atEnd(() => stage.devnet.stop())
      }
      stage.storage = await Storage.start()
      stage.atEnd(() => stage.storage.stop())
      stage.pages = await PageServer.start({ '/': join(HERE, 'pages'), '/stheno/': DIST })
      stage.atEnd(() => stage.pages.stop())
      stage.browser = await launch()
      stage.atEnd(() => stage.browser.close())
      return stage
    } catch (error) {
      await stage.end()
      throw error
    }
  }

  /** Does this at the end, the last first. */
  atEnd (what) { this.#ends.unshift(what) }

  async end () {
    for (const end of this.#ends.splice(0)) await end()
  }

  /** A wallet of this key on the devnet's chain. */
  wallet (key, more) { return TestWallet.on(this.devnet, key, more) }

  /** The harness in a context of its own, with this wallet if there is one. Its faults fail the test, by `check`. */
  async page (wallet, { context } = {}) {
    context ??= await this.browser.newContext()
    if (wallet) await wallet.inject(context)
    const page = await context.newPage()
    page.faults = faultsOf(page)
    page.setDefaultTimeout(60_000)
    await this.harness(page)
    return page
  }

  /** (Re)loads the harness. */
  async harness (page) {
    await page.goto(`${this.pages.origin}/harness.html`)
    await page.waitForFunction(() => globalThis.ready === true)
  }

  /** Nothing went wrong in the page that nobody handled; then it is closed. */
  async done (page) {
    const [unhandled, violations] = await page.evaluate(() => [globalThis.unhandled, globalThis.violations])
    const { faults } = page
    await page.context().close()
    assert.deepEqual({ unhandled, violations, faults }, { unhandled: [], violations: [], faults: [] })
  }

  /** Runs `work(page)` in a page of its own, and checks it at the end. */
  async in (wallet, work) {
    const page = await this.page(wallet)
    let result
    try {
      result = await work(page)
    } catch (error) {
      await page.context().close()
      throw error
    }
    await this.done(page)
    return result
  }
}

/** Connects in the page: `network`, and `wallet` if it has one. They stay there as globals. */
export async function connect (page, devnet, { wallet = true } = {}) {
  await page.evaluate(async ([file, wallet]) => {
    globalThis.network = await stheno.Network.connect(file)
    if (wallet) globalThis.wallet = await stheno.Wallet.connect(window.ethereum)
  }, [devnet.networkFile, wallet])
}
