import { failure, SthenoError } from './errors.js';

/** What a browser wallet is (EIP-1193). */
export interface Eip1193Provider {
  request(args: { method: string; params?: unknown }): Promise<unknown>;
  on?(event: string, listener: (...args: any[]) => void): unknown;
  removeListener?(event: string, listener: (...args: any[]) => void): unknown;
}

/** A transaction, values in hex. @internal */
export interface Transaction {
  to: string;
  value: string;
  data: string;
}

/** An account in a wallet. As a reader it signs every request; a `Session` signs once. */
export class Wallet {
  readonly provider: Eip1193Provider;
  /** `0x…`, as the wallet gives it. */
  readonly account: string;

  private constructor(provider: Eip1193Provider, account: string) {
    this.provider = provider;
    this.account = account;
  }

  /**
   * Asks the wallet for its accounts, and takes the first, or the one that is given.
   *
   * @throws SthenoError `not_a_wallet`, `wallet_rejected`, `wallet_failed`
   */
  static async connect(provider: Eip1193Provider, options: { account?: string } = {}): Promise<Wallet> {
    if (typeof (provider as Eip1193Provider | undefined)?.request !== 'function') {
      throw failure('not_a_wallet', 'what was given is no wallet', 'give a provider of EIP-1193, such as window.ethereum');
    }
    const accounts = await ask<unknown>(provider, 'eth_requestAccounts');
    const isAccounts = Array.isArray(accounts) && accounts.every((one) => /^0x[0-9a-fA-F]{40}$/.test(String(one)));
    if (!isAccounts) {
      throw failure('not_a_wallet', 'what it gives are no accounts', 'give a provider of EIP-1193, such as window.ethereum');
    }
    const wanted = options.account?.toLowerCase();
    const account = (accounts as string[]).find((one) => wanted === undefined || one.toLowerCase() === wanted);
    if (!account) {
      const what = options.account ? `it does not have the account ${options.account}` : 'it has no account';
      throw failure('wallet_failed', `the wallet: ${what}`, 'unlock the wallet and let this page see the account');
    }
    return new Wallet(provider, account);
  }

  /** The chain that the wallet is on. */
  async chainId(): Promise<number> {
    return Number(await ask<string>(this.provider, 'eth_chainId'));
  }

  /**
   * Asks the wallet to change to a chain; one that it does not know is added, where `add` says how.
   *
   * @throws SthenoError `wallet_other_chain` when it does not; `wallet_rejected`
   */
  async switchTo(
    chainId: number,
    add?: {
      chainName: string;
      rpcUrls: string[];
      nativeCurrency?: { name: string; symbol: string; decimals: number };
      blockExplorerUrls?: string[];
    },
  ): Promise<void> {
    if ((await this.chainId()) === chainId) return;
    const hex = `0x${chainId.toString(16)}`;
    const change = () => this.provider.request({ method: 'wallet_switchEthereumChain', params: [{ chainId: hex }] });
    try {
      await change();
    } catch (error) {
      const unknown = (error as { code?: unknown }).code === 4902;
      if (!unknown || !add) throw translated(error);
      const nativeCurrency = add.nativeCurrency ?? { name: 'Filecoin', symbol: 'FIL', decimals: 18 };
      await ask(this.provider, 'wallet_addEthereumChain', [{ ...add, nativeCurrency, chainId: hex }]);
      await change().catch((again: unknown) => {
        throw translated(again);
      });
    }
    await this.expectChain(chainId);
  }

  /** @internal */
  async expectChain(chainId: number): Promise<void> {
    const found = await this.chainId();
    if (found !== chainId) {
      throw failure(
        'wallet_other_chain',
        `the wallet is on chain ${found}, and chain ${chainId} is needed`,
        'change the wallet to that chain, or call switchTo',
      );
    }
  }

  /** `personal_sign` (EIP-191). @internal */
  async signMessage(message: string): Promise<string> {
    const bytes = new TextEncoder().encode(message);
    const hex = `0x${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
    return signature(await ask(this.provider, 'personal_sign', [hex, this.account]));
  }

  /** `eth_signTypedData_v4` (EIP-712). @internal */
  async signTypedData(typedData: string): Promise<string> {
    const { chainId } = (JSON.parse(typedData) as { domain: { chainId: number | string } }).domain;
    await this.expectChain(Number(chainId));
    return signature(await ask(this.provider, 'eth_signTypedData_v4', [this.account, typedData]));
  }

  /** `eth_sendTransaction`; resolves to the hash. @internal */
  async send(transaction: Transaction): Promise<string> {
    return ask<string>(this.provider, 'eth_sendTransaction', [{ from: this.account, ...transaction }]);
  }

  /** Waits until a transaction is mined. @internal */
  async mined(hash: string, signal?: AbortSignal): Promise<void> {
    for (;;) {
      signal?.throwIfAborted();
      const receipt = await ask<{ status?: string } | null>(this.provider, 'eth_getTransactionReceipt', [hash]);
      if (receipt) {
        if (Number(receipt.status) === 1) return;
        throw failure('transaction_reverted', `transaction ${hash} was mined and reverted`, 'look at it in an explorer');
      }
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  }
}

function signature(answer: unknown): string {
  if (typeof answer === 'string' && /^0x([0-9a-fA-F]{2})+$/.test(answer)) return answer;
  throw failure('wallet_failed', 'the wallet gave something else than a signature', 'try another wallet');
}

async function ask<T>(provider: Eip1193Provider, method: string, params?: unknown[]): Promise<T> {
  try {
    return (await provider.request(params ? { method, params } : { method })) as T;
  } catch (error) {
    throw translated(error);
  }
}

/** What a wallet threw, by the codes of EIP-1193. */
function translated(error: unknown): SthenoError {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  const words = typeof message === 'string' ? message : String(error);
  if (code === 4001) {
    return failure('wallet_rejected', 'the request was rejected in the wallet', 'try again, and approve it in the wallet');
  }
  if (code === 4901 || code === 4902) {
    return failure('wallet_other_chain', `the wallet: ${words}`, 'add the chain to the wallet');
  }
  return failure('wallet_failed', `the wallet: ${words}`, 'look into the wallet, and try again');
}
