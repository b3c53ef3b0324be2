// A wallet that signs for real: an EIP-1193 provider in the page, its keys here in Node.
//
// It behaves as browser wallets do: announces itself by EIP-6963, refuses with 4001 when its person does,
// knows some chains and no others (4902), and signs typed data for the chain alone that it is on.
import { createWalletClient, http, isHex, hexToBytes, stringToBytes } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'

/** What a person is asked about. */
const PROMPTS = {
  eth_requestAccounts: 'connections',
  personal_sign: 'messages',
  eth_signTypedData_v4: 'typedData',
  eth_sendTransaction: 'transactions',
  wallet_switchEthereumChain: 'switches',
  wallet_addEthereumChain: 'additions'
}

export class TestWallet {
  #accounts
  #chains
  #chainId
  #connected = false
  #pages = new Set()

  /** Has these accounts, knows `chains` ({ id: rpc }), and is on the first unless `chainId` says otherwise. */
  constructor ({ keys, chains, chainId }) {
    this.#accounts = keys.map(key => privateKeyToAccount(key))
    this.#chains = new Map(Object.entries(chains).map(([id, rpc]) => [Number(id), rpc]))
    this.#chainId = chainId ?? Number(Object.keys(chains)[0])
    /** Methods that the person refuses. */
    this.refuses = new Set()
    this.forget()
  }

  /** One account on a devnet's chain. */
  static on (devnet, key, more = {}) {
    return new TestWallet({ keys: [key], chains: { [devnet.chainId]: devnet.rpc }, ...more })
  }

  get address () { return this.#accounts[0].address }
  get chainId () { return this.#chainId }

  /** What the person signed since `forget()`. */
  get signatures () { return this.asked.messages + this.asked.typedData + this.asked.transactions }

  /** Begins to count anew. */
  forget () {
    /** How often the person was asked, and let it pass. */
    this.asked = Object.fromEntries(Object.values(PROMPTS).map(name => [name, 0]))
    /** What was signed: { method, what }. */
    this.signed = []
    /** Every method that was called. */
    this.log = []
  }

  /** Puts it into all pages of a browser context that are opened from now on, as `window.ethereum`. */
  async inject (context) {
    await context.exposeBinding('stheno_test_wallet', ({ page }, request) => {
      this.#pages.add(page)
      return this.answer(request)
    })
    await context.addInitScript(provider)
  }

  /** The person chooses another chain. */
  async goTo (chainId) {
    this.#chainId = chainId
    await this.#emit('chainChanged', hex(chainId))
  }

  /** The person chooses another account, or none. */
  async use (keys) {
    this.#accounts = keys.map(key => privateKeyToAccount(key))
    await this.#emit('accountsChanged', this.#accounts.map(account => account.address))
  }

  /** Answers a request: { result } or { error: { code, message } }. */
  async answer ({ method, params = [] }) {
    this.log.push(method)
    try {
      if (this.refuses.has(method)) throw fault(4001, 'User rejected the request.')
      const result = await this.#perform(method, params)
      if (method in PROMPTS) this.asked[PROMPTS[method]]++
      return { result: result ?? null }
    } catch (error) {
      const { code, data } = error
      const message = error.details || error.message
      return { error: { code: Number.isInteger(code) ? code : -32603, message, data: data ?? null } }
    }
  }

  async #perform (method, params) {
    switch (method) {
      case 'eth_requestAccounts':
        this.#connected = true
        return this.#addresses()
      case 'eth_accounts':
        return this.#connected ? this.#addresses() : []
      case 'eth_chainId':
        return hex(this.#chainId)
      case 'net_version':
        return String(this.#chainId)
      case 'personal_sign': {
        const [data, address] = params
        const raw = isHex(data) ? hexToBytes(data) : stringToBytes(data)
        return this.#sign(method, new TextDecoder().decode(raw), address, account => account.signMessage({ message: { raw } }))
      }
      case 'eth_signTypedData_v4': {
        const [address, json] = params
        const data = typeof json === 'string' ? JSON.parse(json) : json
        const chain = data.domain?.chainId
        if (chain !== undefined && Number(chain) !== this.#chainId) {
          throw fault(-32603, `Provided chainId "${chain}" must match the active chainId "${this.#chainId}"`)
        }
        return this.#sign(method, data, address, account => account.signTypedData(data))
      }
      case 'eth_sendTransaction': {
        const [{ from, to, data, value, gas }] = params
        return this.#sign(method, params[0], from, account => {
          const transport = http(this.#rpc())
          const chain = { id: this.#chainId, name: 'chain', nativeCurrency: { name: 'FIL', symbol: 'FIL', decimals: 18 }, rpcUrls: { default: { http: [this.#rpc()] } } }
          const some = { to, data, value: value && BigInt(value), gas: gas && BigInt(gas) }
          return createWalletClient({ account, chain, transport }).sendTransaction(some)
        })
      }
      case 'wallet_switchEthereumChain': {
        const chainId = Number(params[0].chainId)
        if (!this.#chains.has(chainId)) throw fault(4902, `Unrecognized chain ID "${params[0].chainId}".`)
        await this.goTo(chainId)
        return null
      }
      case 'wallet_addEthereumChain': {
        const [{ chainId, chainName, rpcUrls }] = params
        if (!chainName || !rpcUrls?.length) throw fault(-32602, 'chainName and rpcUrls are needed')
        this.#chains.set(Number(chainId), rpcUrls[0])
        await this.goTo(Number(chainId))
        return null
      }
      default:
        if (!/^(eth|net|web3)_/.test(method) || /sign|send/i.test(method)) {
          throw fault(4200, `The method "${method}" does not exist / is not available.`)
        }
        return this.#ask(method, params)
    }
  }

  async #sign (method, what, address, make) {
    const account = this.#accounts.find(({ address: own }) => own.toLowerCase() === String(address).toLowerCase())
    if (!this.#connected || !account) throw fault(4100, 'The requested account and/or method has not been authorized by the user.')
    const signature = await make(account)
    this.signed.push({ method, what })
    return signature
  }

  /** What a wallet passes on to the chain's endpoint. */
  async #ask (method, params) {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
    const response = await fetch(this.#rpc(), { method: 'POST', headers: { 'content-type': 'application/json' }, body })
    const { result, error } = await response.json()
    if (error) throw Object.assign(new Error(error.message), error)
    return result
  }

  #rpc () {
    const rpc = this.#chains.get(this.#chainId)
    if (!rpc) throw fault(4901, 'The Provider is not connected to the requested chain.')
    return rpc
  }

  #addresses () { return this.#accounts.map(account => account.address) }

  async #emit (event, value) {
    for (const page of this.#pages) {
      if (page.isClosed()) this.#pages.delete(page)
      else await page.evaluate(([event, value]) => window.ethereum.emit(event, value), [event, value])
    }
  }
}

const hex = number => `0x${number.toString(16)}`
const fault = (code, message) => Object.assign(new Error(message), { code })

/** Runs in the page, before anything else does. */
function provider () {
  const listeners = new Map()
  const ethereum = {
    isStheno: true,
    async request ({ method, params }) {
      const plain = params === undefined ? undefined : JSON.parse(JSON.stringify(params))
      const { result, error } = await window.stheno_test_wallet({ method, params: plain })
      if (error) throw Object.assign(new Error(error.message), { code: error.code, data: error.data ?? undefined })
      return result
    },
    on (event, listener) {
      listeners.set(event, [...(listeners.get(event) ?? []), listener])
      return ethereum
    },
    removeListener (event, listener) {
      listeners.set(event, (listeners.get(event) ?? []).filter(one => one !== listener))
      return ethereum
    },
    emit (event, value) {
      for (const listener of listeners.get(event) ?? []) listener(value)
    }
  }
  Object.defineProperty(window, 'ethereum', { value: ethereum })
  const info = { uuid: '6e5f4d3c-2b1a-4f00-8000-737468656e6f', name: 'Test wallet', icon: 'data:image/svg+xml,<svg xmlns="http://www.w3.org/2000/svg"/>', rdns: 'org.example.test-wallet' }
  const announce = () => window.dispatchEvent(new CustomEvent('eip6963:announceProvider', { detail: Object.freeze({ info, provider: ethereum }) }))
  window.addEventListener('eip6963:requestProvider', announce)
  announce()
}
