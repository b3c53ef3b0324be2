import type { Network } from './network.js';
import type { Abortable, Scope } from './types.js';
import type { Wallet } from './wallet.js';

interface Told {
  session: number;
  id: string;
  account: string;
  scope: Required<Scope>;
  expiresAt: number;
}

/**
 * The right to ask for an account until it expires, after one signature. Its key is a P-256 key of
 * WebCrypto that no script can read, in the worker.
 */
export class Session {
  readonly account: string;
  readonly expiresAt: Date;
  readonly scope: Readonly<Required<Scope>>;
  /** @internal */
  readonly network: Network;
  /** @internal */
  readonly handle: number;
  readonly #id: string;

  private constructor(network: Network, told: Told) {
    this.network = network;
    this.handle = told.session;
    this.#id = told.id;
    this.account = told.account;
    this.expiresAt = new Date(told.expiresAt * 1000);
    this.scope = told.scope;
  }

  /**
   * Lets the wallet sign one message (EIP-4361). `origin` is the page's host by default, which wallets
   * compare; `lifetime` at most 3,600 seconds. With `remember`, the default, it survives reloads where the
   * browser keeps anything.
   *
   * @throws SthenoError `wallet_rejected`, `bad_wallet`, `bad_argument`
   */
  static async open(
    network: Network,
    wallet: Wallet,
    options: { scope: Scope; origin?: string; lifetime?: number; remember?: boolean } & Abortable,
  ): Promise<Session> {
    const { peer } = network.engine;
    const { signal, lifetime = 3600, remember = true } = options;
    const origin = options.origin ?? (typeof location === 'undefined' ? 'localhost' : location.host);
    const scope = whole(options.scope);
    const terms = {
      account: wallet.account,
      chain: network.chainId,
      network: network.id,
      origin,
      scope: { ...scope, contracts: scope.contracts.map((contract) => ({ chainId: network.chainId, contract })) },
      issuedAt: Math.floor(Date.now() / 1000),
      lifetime,
    };
    const drafted = await peer.call<{ draft: number; message: string }>('draftSession', JSON.stringify(terms), { signal });
    const signature = await wallet.signMessage(drafted.message);
    const signed = { draft: drafted.draft, signature, chain: network.chainId, remember };
    return new Session(network, await peer.call<Told>('signedSession', signed, { signal }));
  }

  /** A session that was remembered, has not expired and may ask for all of `scope`. Nobody signs. */
  static async resume(network: Network, options: { account?: string; scope: Scope }): Promise<Session | undefined> {
    const wanted = { network: network.id, account: options.account, scope: whole(options.scope) };
    const told = await network.engine.peer.call<Told | undefined>('keptSession', wanted);
    return told && new Session(network, told);
  }

  /** Whether it is over. */
  get expired(): boolean {
    return Date.now() >= this.expiresAt.getTime();
  }

  /** Forgets its key, here and in what the browser keeps. */
  async end(): Promise<void> {
    await this.network.engine.peer.call('endSession', { session: this.handle, id: this.#id });
  }
}

function whole(scope: Scope): Required<Scope> {
  const { policies = [], items = [], contracts = [] } = scope;
  return { policies, items, contracts };
}
