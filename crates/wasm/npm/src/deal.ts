import type { Engine } from './engine.js';
import type { Abortable, DealFacts } from './types.js';
import { failure } from './errors.js';
import type { Wallet } from './wallet.js';

/** A transaction that pays. @internal */
export interface PaymentStep {
  what: string;
  to: string;
  value: string;
  data: string;
}

/** What it takes to read, as compared with the chain. `Network.buy` takes it. */
export class Deal implements DealFacts {
  readonly title!: string;
  readonly seller!: string;
  readonly mayRead!: boolean;
  readonly price?: DealFacts['price'];
  readonly lastsSeconds?: number;
  readonly soldBy!: string;
  readonly soldByKnownAs?: string;
  readonly licence?: string;
  readonly asksForMore!: boolean;
  readonly #engine: Engine;
  readonly #deal: number;
  /** What is signed to accept the licence. */
  #acceptance?: string;

  /** @internal */
  constructor(engine: Engine, found: { deal: number; facts: DealFacts }) {
    this.#engine = engine;
    this.#deal = found.deal;
    for (const [name, value] of Object.entries(found.facts)) {
      if (value !== null) Object.defineProperty(this, name, { value, enumerable: true });
    }
  }

  /**
   * Takes the text of the offer's licence, byte for byte, once its reader accepts it; throws `other_licence` when it
   * is another. `Network.buy` then asks the wallet for one signature more.
   */
  async acceptLicence(text: string | Uint8Array, { signal }: Abortable = {}): Promise<void> {
    const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text;
    this.#acceptance = await this.#engine.peer.call<string>('acceptance', { deal: this.#deal, text: bytes }, { signal });
  }

  /** The reader's signature under the licence, if there is one. @internal */
  async consent(wallet: Wallet): Promise<string | undefined> {
    if (!this.licence) return undefined;
    if (this.#acceptance) return wallet.signTypedData(this.#acceptance);
    throw failure(
      'licence_needed',
      `its licence, SHA-256 ${this.licence}, has to be accepted`,
      'show its text to the reader and give it to acceptLicence; nothing was paid',
    );
  }

  /** @internal */
  purchase(payer: string, consent?: string, signal?: AbortSignal): Promise<PaymentStep[]> {
    return this.#engine.peer.call<PaymentStep[]>('purchase', { deal: this.#deal, payer, consent }, { signal });
  }
}
