import type { Engine } from './engine.js';
import type { DealFacts } from './types.js';

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

  /** @internal */
  constructor(engine: Engine, found: { deal: number; facts: DealFacts }) {
    this.#engine = engine;
    this.#deal = found.deal;
    for (const [name, value] of Object.entries(found.facts)) {
      if (value !== null) Object.defineProperty(this, name, { value, enumerable: true });
    }
  }

  /** @internal */
  purchase(payer: string, consent?: string, signal?: AbortSignal): Promise<PaymentStep[]> {
    return this.#engine.peer.call<PaymentStep[]>('purchase', { deal: this.#deal, payer, consent }, { signal });
  }
}
