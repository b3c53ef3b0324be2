// A devnet as a value: `stheno devnet` in a process of its own, with a chain and nodes.
//
// `shared` is the one that `run.mjs` started for all test files; a file that is run alone starts its own.
// Tests that end nodes start one for themselves.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

import { createPublicClient, createTestClient, createWalletClient, http, parseAbi, parseEther } from 'viem'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'

import { ROOT, STHENO } from './places.mjs'

/** Names the description of a devnet that runs already. */
export const VARIABLE = 'STHENO_TEST_DEVNET'
const START_PATIENCE = 60_000
const STOP_PATIENCE = 20_000

/** The devnet of this run: started here unless it runs already. */
export async function shared () {
  const running = process.env[VARIABLE]
  return running ? new Devnet(JSON.parse(readFileSync(running, 'utf8'))) : await Devnet.start()
}

export class Devnet {
  #process
  #folder

  constructor (description, process, folder) {
    /** What `stheno devnet --json` says: rpc, network, policy, nodes, contracts, accounts. */
    this.description = description
    this.#process = process
    this.#folder = folder
  }

  /** Starts one on free ports and waits until it serves. */
  static async start ({ nodes = 5 } = {}) {
    const folder = mkdtempSync(join(tmpdir(), 'stheno-browser-'))
    const args = ['devnet', '--json', '--ports', '0', '--nodes', String(nodes), '--state', join(folder, 'state')]
    const child = spawn(STHENO, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] })
    let said = ''
    child.stderr.on('data', data => { said = (said + data).slice(-4_000) })
    const ended = once(child, 'exit').then(([code]) => { throw new Error(`the devnet ended with ${code}: ${said}`) })
    ended.catch(() => {})
    let timer
    const late = new Promise((resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`no devnet after ${START_PATIENCE} ms: ${said}`)), START_PATIENCE)
    })
    try {
      const [line] = await Promise.race([once(createInterface(child.stdout), 'line'), ended, late])
      return new Devnet(JSON.parse(line), child, folder)
    } catch (error) {
      child.kill('SIGTERM')
      rmSync(folder, { recursive: true, force: true })
      throw error
    } finally {
      clearTimeout(timer)
    }
  }

  /** Ends chain and nodes, if they were started here. */
  async stop () {
    const child = this.#process
    if (!child) return
    if (child.exitCode === null && child.signalCode === null) {
      const gone = once(child, 'exit')
      child.kill('SIGINT')
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_PATIENCE)
      await gone
      clearTimeout(timer)
    }
    rmSync(this.#folder, { recursive: true, force: true })
  }

  get rpc () { return this.description.rpc }
  get chainId () { return this.description.chainId }
  get contracts () { return this.description.contracts }

  /** The network file, as an object of one's own. */
  get networkFile () { return JSON.parse(readFileSync(this.description.network, 'utf8')) }

  /** Its path. */
  get networkPath () { return this.description.network }

  /** "Holds an access pass". */
  get passPolicy () { return JSON.parse(readFileSync(this.description.policy, 'utf8')) }

  /** "Since 2020": asks nothing about the reader. */
  get openPolicy () {
    return { version: 1, rule: { time: { chain: this.chainId, after: '2020-01-01T00:00:00Z' } } }
  }

  get chain () {
    return { id: this.chainId, name: 'devnet', nativeCurrency: { name: 'FIL', symbol: 'FIL', decimals: 18 }, rpcUrls: { default: { http: [this.rpc] } } }
  }

  get client () {
    return createPublicClient({ chain: this.chain, transport: http(this.rpc), pollingInterval: 100 })
  }

  /** The account of this role: owner, reader (who holds a pass) or stranger (who holds none). */
  accountOf (role) {
    const words = { owner: 'owner', reader: 'reader who holds', stranger: 'reader without' }[role]
    return this.description.accounts.find(account => account.role.startsWith(words))
  }

  keyOf (role) {
    return this.accountOf(role).wellKnownKey
  }

  /** The key of a new account with so many FIL. */
  async newKey (fil = '10') {
    const key = generatePrivateKey()
    const test = createTestClient({ mode: 'anvil', chain: this.chain, transport: http(this.rpc) })
    await test.setBalance({ address: privateKeyToAccount(key).address, value: parseEther(fil) })
    return key
  }

  /** Buys an access pass, and waits until nodes see it. */
  async buyPass (key) {
    const account = privateKeyToAccount(key)
    const wallet = createWalletClient({ account, chain: this.chain, transport: http(this.rpc) })
    const pass = { address: this.contracts.accessPass, abi: parseAbi(['function buy() payable', 'function price() view returns (uint256)']) }
    const value = await this.client.readContract({ ...pass, functionName: 'price' })
    const hash = await wallet.writeContract({ ...pass, functionName: 'buy', value })
    const { blockNumber } = await this.client.waitForTransactionReceipt({ hash })
    await this.untilFinal(blockNumber)
  }

  /** Waits until a block is final. */
  async untilFinal (block) {
    const final = block + BigInt(this.description.finalityBlocks)
    while (await this.client.getBlockNumber({ cacheTime: 0 }) <= final) {
      await new Promise(resolve => setTimeout(resolve, 100))
    }
  }

  /** Ends a node of a devnet that was started here, as a power cut would. */
  async endNode (index) {
    if (!this.#process) throw new Error('the shared devnet keeps its nodes')
    const { pid, endpoint } = this.description.nodes.find(node => node.index === index)
    process.kill(pid, 'SIGKILL')
    for (;;) {
      try {
        await fetch(new URL('ready', endpoint), { signal: AbortSignal.timeout(1_000) })
        await new Promise(resolve => setTimeout(resolve, 50))
      } catch {
        return
      }
    }
  }
}
