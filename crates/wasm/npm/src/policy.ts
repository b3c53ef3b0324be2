import { sharedEngine } from './engine.js';
import type { PolicyFacts } from './types.js';

/** A policy that was checked: who may read. */
export class Policy {
  readonly #facts: PolicyFacts;

  private constructor(facts: PolicyFacts) {
    this.#facts = facts;
  }

  /**
   * Reads and checks a policy's JSON, text or object.
   *
   * @throws SthenoError `invalid_policy`, with the place of the mistake and what was perhaps meant.
   */
  static async parse(policy: string | object): Promise<Policy> {
    if (policy instanceof Policy) return policy;
    const text = typeof policy === 'string' ? policy : JSON.stringify(policy);
    const engine = await sharedEngine();
    return new Policy(await engine.peer.call<PolicyFacts>('readPolicy', text));
  }

  /** Reads the stored form. */
  static async fromCbor(bytes: Uint8Array): Promise<Policy> {
    const engine = await sharedEngine();
    return new Policy(await engine.peer.call<PolicyFacts>('decodePolicy', bytes));
  }

  /** @internal */
  static of(facts: PolicyFacts): Policy {
    return new Policy(facts);
  }

  /** `0x…`: what sessions and receipts name it by. */
  get digest(): string {
    return this.#facts.digest;
  }

  /** Whether it asks who is reading. */
  get needsAccount(): boolean {
    return this.#facts.needsAccount;
  }

  /** Whether it asks for proofs in zero knowledge, which a `PrivateReader` of `@stheno/web/prover` makes. */
  get private(): boolean {
    return this.#facts.private;
  }

  /** The chains that it reads. */
  get chains(): number[] {
    return [...this.#facts.chains];
  }

  /** The contracts that it reads. */
  get contracts(): { chainId: number; contract: string }[] {
    return structuredClone(this.#facts.contracts);
  }

  /** The canonical JSON. */
  toJSON(): object {
    return structuredClone(this.#facts.json);
  }

  /** The stored form. */
  toCbor(): Uint8Array {
    const digits = this.#facts.cbor.match(/../g) ?? [];
    return Uint8Array.from(digits, (digit) => parseInt(digit, 16));
  }

  /** In words, one line to a condition. */
  describe(): string {
    return this.#facts.words;
  }
}

/** @internal */
export function policyText(policy: Policy | string | object): string {
  return typeof policy === 'string' ? policy : JSON.stringify(policy);
}
