import { failure, SthenoError } from '../errors.js';
import type { MemberSecret, Credential, Prover, ProverProgress } from '../prover.js';
import type { ProofStep, ProofTask, ProvingReader } from '../readers.js';
import { PATIENCE, type Patience } from './download.js';
import { absolute, bytes32, groupText, member, wipe, type WireMember } from './given.js';

export interface PrivateReaderOptions {
  /** What proves. Its worker alone is given the secret. */
  prover: Prover;
  /** The member's secret: the text of a `member.key` file, or the 32 bytes of a seed. */
  member: MemberSecret;
  /** The group as its keeper publishes it, a text or an object; or several, of which the one is taken that a policy asks for:
   * the one with the root that it names, or that the contract has which it names. */
  group: string | object | (string | object)[];
  /** What an issuer gave, as the text of the `credential.json` or an object; or several. */
  credential?: Credential | string | object | (Credential | string | object)[];
  /** Where proving keys are: folders on servers, each having files `HASH.proving`, the verifying key's hash in hex digits. */
  keys: string | URL | (string | URL)[];
  /**
   * SHA-256 of the proving key's file, as whoever runs the network publishes it, or of several: no other is taken, wherever
   * it comes from, and this one is read in a quarter of a second. Without, every point of a key is checked and a
   * trial proof made with it, in ten to fifteen seconds, once: what was checked and is cached is not again. Whoever
   * serves a key that was made to fail for some members learns, a little, who proves: the hash prevents it.
   */
  provingKeyHash?: string | Uint8Array | (string | Uint8Array)[];
  /** How long, in ms, a server of proving keys may send nothing (30,000), and take in all (300,000), before the next is asked. */
  patience?: { stall?: number; total?: number };
  /** Is told what is going on. */
  onProgress?(progress: ProverProgress): void;
}

/**
 * Somebody who proves to be in a group, or to hold a credential, and shows no account: a `reader` for `open`,
 * `decrypt` and folders.
 *
 * ```js
 * const reader = new PrivateReader({ prover, member, group, keys: 'https://keys.example/' });
 * const file = await network.open(url, { reader });
 * ```
 *
 * As little is proven as a policy's rule asks for. What it throws, and with it whatever asks: `not_a_member`, `other_group`,
 * `not_provable`, `proving_key_missing`, `proving_key_broken`, `proving_stopped`, `bad_group`.
 */
export class PrivateReader implements ProvingReader {
  readonly #prover: Prover;
  readonly #members: WireMember[];
  readonly #groups: string[];
  readonly #places: string[];
  readonly #pinned: Uint8Array[];
  readonly #patience: Patience;
  readonly #onProgress: PrivateReaderOptions['onProgress'];
  #forgotten = false;

  /** @throws SthenoError `bad_argument`, `bad_member_key`, `bad_credential` */
  constructor(options: PrivateReaderOptions) {
    const { prover, member: secret, group, credential, keys, provingKeyHash, patience, onProgress } = options;
    this.#prover = prover;
    this.#groups = list(group).map(groupText);
    this.#places = list(keys).map(folder);
    this.#patience = { ...PATIENCE, ...patience };
    this.#pinned = list(provingKeyHash).map((hash) => bytes32(hash, "the proving key's hash"));
    this.#onProgress = onProgress;
    this.#members = [undefined, ...list(credential)].map((one) => member(secret, one));
  }

  /** In which of the groups a condition could be proven. The SDK calls it, before anybody is asked. */
  roots(task: ProofTask, options: { signal?: AbortSignal } = {}): Promise<Uint8Array[]> {
    return this.#answer('roots', task, options);
  }

  /** Fetches and checks the proving key. The SDK calls it, for what it is going to have proven. */
  prepare(task: ProofTask, options: { signal?: AbortSignal } = {}): Promise<void> {
    return this.#answer('prepare', task, options);
  }

  /** Proves what a request asks. The SDK calls it, for each request anew. */
  present(task: ProofTask, options: { signal?: AbortSignal } = {}): Promise<Uint8Array> {
    return this.#answer('present', task, options);
  }

  async #answer<T>(step: ProofStep, task: ProofTask, { signal }: { signal?: AbortSignal }): Promise<T> {
    if (this.#forgotten) throw failure('closed', 'the reader forgot its secret', 'make another');
    const [groups, places, pinned, patience] = [this.#groups, this.#places, this.#pinned, this.#patience];
    const wire = { step, task, members: this.#members.map(copied), groups, places, pinned, patience };
    try {
      return await this.#prover.answer<T>(wire, { signal, onProgress: this.#onProgress });
    } catch (error) {
      throw stopped(error);
    }
  }

  /** Wipes the secret. What was given stays yours to wipe. */
  forget(): void {
    this.#forgotten = true;
    this.#members.forEach(wipe);
  }
}

/** The address of a folder, which ends with a slash. */
function folder(place: string | URL): string {
  const url = new URL(absolute(String(place)));
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url.href;
}

function list<T>(given: T | T[] | undefined): T[] {
  if (given === undefined) return [];
  return Array.isArray(given) ? given : [given];
}

function copied({ seed, secret, credential, leaf }: WireMember): WireMember {
  return {
    ...(seed && { seed: seed.slice() }),
    ...(secret && { secret: secret.slice() }),
    ...(credential && { credential: credential.slice() }),
    ...(leaf && { leaf }),
  };
}

/** What ends a proof from outside of it is one thing to whoever reads. */
function stopped(error: unknown): unknown {
  const isEnd = error instanceof SthenoError && ['out_of_memory', 'prover_failed', 'prover_not_loaded'].includes(error.code);
  return isEnd ? failure('proving_stopped', `proving stopped: ${error.message}`, error.hint) : error;
}
