/**
 * Proofs in zero knowledge that their maker is in a group, or holds a credential, and of nothing
 * else: `@stheno/web/prover`.
 *
 * The module that proves is a WebAssembly of its own, in a worker of its own; both are fetched when
 * something is proven first.
 *
 * ```js
 * import { Prover } from '@stheno/web/prover';
 *
 * const prover = new Prover();
 * const key = await prover.loadKey('https://keys.example/membership-20-v1.proving', { hash: '0x…' });
 * const proof = await prover.prove(key, { seed, group, scope, binding }, { onProgress, signal });
 * prover.close();
 * ```
 *
 * To read what a policy asks a proof for, give `open` a {@link PrivateReader}: it does all of this by itself.
 *
 * @module
 */
import { failure } from './errors.js';
import { abortError } from './peer.js';
import { ProverEngine } from './prover/engine.js';
import { PATIENCE } from './prover/download.js';
import { bytes32, keySource, member, statement, wipe } from './prover/given.js';
import type { KeyFacts } from './prover/host.js';
import type { WireKey } from './prover/keys.js';
import type { WirePresent } from './prover/present.js';

export { SthenoError } from './errors.js';
export { PrivateReader, type PrivateReaderOptions } from './prover/reader.js';
export type { ProofTask } from './readers.js';

/**
 * A member's secret: 32 random bytes, made once and kept (a seed); or the text of a member's key file, as
 * `stheno member create` writes it.
 */
export type MemberSecret = Uint8Array | string;

/** Where a proving key's file lies: an address, several of which the first that serves it is taken, or the file. */
export type ProvingKeySource = string | URL | (string | URL)[] | Blob | Uint8Array | ArrayBuffer;

/** A number of 64 bits. As a `number` only where it is exact. */
export type U64 = bigint | number;

/** What an issuer says of a member. Secret: a proof shows only that it is within bounds. */
export interface Credential {
  /** Four of them; 0 where they mean nothing. */
  attributes: U64[];
  /** The last second at which they are true, Unix time. */
  expiry: U64;
}

/** What a credential has to be. */
export interface Bounds {
  /** For each attribute the lowest and the highest, both included; what is left out may be anything. */
  ranges: { low?: U64; high?: U64 }[];
  /** Unix seconds at which the credential has to be valid. The verifier says which. */
  now: U64;
}

export interface ProveInput {
  /** The member's secret. */
  seed: MemberSecret;
  /** With a credential: what its issuer said, exactly; also as the file that they gave, its text or the object. */
  credential?: Credential | string | object;
  /** The group as its keeper publishes it, `{"depth": 20, "leaves": ["0x…", null, …]}`, as a text or an object. */
  group: string | object;
  /** Where the nullifier is unique, 32 bytes. */
  scope: Uint8Array | string;
  /** What the proof is for, 32 bytes: nobody can use it for anything else. */
  binding: Uint8Array | string;
  /** With a credential: what is asked of it. */
  bounds?: Bounds;
}

/**
 * What a prover is doing, told before each begins:
 *
 * | | |
 * |---|---|
 * | `fetch` | the key's file, in bytes |
 * | `read` | the key; of one whose own hash is not known, every point is checked and a trial proof made |
 * | `group` | its tree is hashed |
 * | `check` | the statement, natively |
 * | `assign` | every value of the circuit is computed |
 * | `prove` | the proof, which takes nearly all of the time |
 * | `verify` | it is verified before it is handed out |
 */
export type ProverProgress =
  | { phase: 'fetch'; done: number; total?: number }
  | { phase: 'read' | 'group' | 'check' | 'assign' | 'prove' | 'verify' };

export interface ProverCall {
  /** Ends it, at any point: the worker is ended, and the next call begins another. Without a worker the work goes on, unheard. */
  signal?: AbortSignal;
  onProgress?(progress: ProverProgress): void;
}

/** By what a proving key is known: one of both. */
export type KeyTrust =
  /** SHA-256 of its own file. Its points are then taken as they are. */
  | { hash: Uint8Array | string; verifyingHash?: undefined }
  /**
   * SHA-256 of the file of its verifying key. Every point is then checked, and a trial proof made, in twenty to thirty
   * seconds, unless it was and is cached.
   */
  | { verifyingHash: Uint8Array | string; hash?: undefined };

export type KeyOptions = KeyTrust &
  ProverCall & {
    /** Takes a key with which whoever made it proves what is not true: on test networks alone. */
    development?: boolean;
    /** How long, in ms, a server may send nothing (30,000), and take in all (300,000), before the next address is asked. */
    patience?: { stall?: number; total?: number };
  };

/** A proving key that was taken. It lives in the prover's worker, and comes back by itself if that had to be ended. */
export class ProvingKey {
  /** What it proves: `membership-20-v1`. */
  readonly circuit: string;
  /** SHA-256 of its file. */
  readonly hash: string;
  /** SHA-256 of its verifying key's file. */
  readonly verifyingHash: string;
  /** The file's size. */
  readonly bytes: number;
  /**
   * Where its file stays: in the browser's Cache API, so that another page of this origin finds it
   * there, or nowhere but in the prover's memory, from which it is fetched again if it is lost.
   */
  readonly kept: 'cache' | 'memory';
  /** What it is asked for again with. @internal */
  readonly wire: WireKey;
  /** Its number, and whose. @internal */
  held: { engine: ProverEngine; id: number };

  /** @internal */
  constructor(facts: KeyFacts, wire: WireKey, engine: ProverEngine) {
    this.circuit = facts.circuit;
    this.hash = facts.hash;
    this.verifyingHash = facts.verifyingHash;
    this.bytes = facts.bytes;
    this.kept = facts.kept;
    this.wire = wire;
    this.held = { engine, id: facts.key };
  }

  /** Frees its memory. */
  async free(): Promise<void> {
    await this.held.engine.peer.call('release', this.held.id).catch(() => undefined);
  }
}

/** Proves, one thing after the other. */
export class Prover {
  #inWorker: boolean;
  #engine: Promise<ProverEngine> | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;

  /** `worker: false`: in this thread, as for a page that is itself a worker. Nothing is loaded yet. */
  constructor(options: { worker?: boolean } = {}) {
    this.#inWorker = options.worker !== false;
  }

  /** The 32 bytes that a group's keeper or an issuer is given of a member, and by which they know whose leaf it is. */
  async memberCommitment(seed: MemberSecret): Promise<Uint8Array> {
    const { commitment } = await this.#ofMember({ member: member(seed) });
    return commitment;
  }

  /** The 32 bytes that stand in a group for a member, or for the holder of a credential. */
  async leaf(seed: MemberSecret, credential?: Credential | string | object): Promise<Uint8Array> {
    return (await this.#ofMember({ member: member(seed, credential) })).leaf;
  }

  /** The 32 bytes that every proof of this member shows in a scope. */
  async nullifier(seed: MemberSecret, scope: Uint8Array | string): Promise<Uint8Array> {
    const { nullifier } = await this.#ofMember({ member: member(seed), scope: bytes32(scope, 'the scope') });
    return nullifier!;
  }

  /** Takes a proving key. Whoever serves it, it is the one with this hash. */
  async loadKey(source: ProvingKeySource, options: KeyOptions): Promise<ProvingKey> {
    const { hash, verifyingHash, development = false } = options;
    const named = hash ?? verifyingHash;
    if (named === undefined || (hash !== undefined && verifyingHash !== undefined)) {
      throw failure('bad_argument', 'a key is known by its hash or by its verifying key', 'give `hash` or `verifyingHash`');
    }
    const wire: WireKey = {
      source: keySource(source),
      by: hash === undefined ? 'verifyingHash' : 'hash',
      hash: bytes32(named, "the key's hash"),
      development,
      patience: { ...PATIENCE, ...options.patience },
    };
    return this.#run(options, async (engine, call) => new ProvingKey(await call<KeyFacts>('loadKey', wire), wire, engine));
  }

  /**
   * Proves: 256 bytes, root 32 ‖ nullifier 32 ‖ proof 192. Seconds, of which a worker's page feels nothing.
   *
   * The seed and the attributes are copied into the worker and wiped there; what was given stays the
   * caller's to wipe.
   */
  async prove(key: ProvingKey, input: ProveInput, options: ProverCall = {}): Promise<Uint8Array> {
    const claim = statement(input);
    const who = member(input.seed, input.credential);
    try {
      return await this.#run(options, async (engine, call) => {
        if (key.held.engine !== engine) key.held = { engine, id: (await call<KeyFacts>('loadKey', key.wire)).key };
        return call<Uint8Array>('prove', { key: key.held.id, member: who, statement: claim });
      });
    } finally {
      wipe(who);
    }
  }

  /** What a `PrivateReader` is asked for. @internal */
  async answer<T>(wire: WirePresent, options: ProverCall): Promise<T> {
    try {
      return await this.#run(options, (_, call) => call<T>('present', wire));
    } finally {
      wire.members.forEach(wipe);
    }
  }

  /** Bytes of WebAssembly memory. They only ever grow; `close` gives them back. */
  async memory(): Promise<number> {
    return this.#run({}, (_, call) => call<number>('memory', undefined));
  }

  /** Ends the worker, and with it everything that it has. Keys of this prover are gone. */
  close(): void {
    this.#closed = true;
    const closed = failure('closed', 'the prover was closed', 'make another');
    void this.#engine?.then((engine) => engine.stop(closed));
    this.#engine = undefined;
  }

  async #ofMember(value: object): Promise<{ commitment: Uint8Array; leaf: Uint8Array; nullifier?: Uint8Array }> {
    return this.#run({}, (_, call) => call('member', value));
  }

  /** Waits for its turn, then works; whatever ends it early ends the worker. */
  #run<T>(
    { signal, onProgress }: ProverCall,
    work: (engine: ProverEngine, call: <V>(name: string, value: unknown) => Promise<V>) => Promise<T>,
  ): Promise<T> {
    const turn = this.#last.then(async () => {
      if (signal?.aborted) throw abortError(signal);
      const engine = await this.#started();
      try {
        return await work(engine, (name, value) => engine.peer.call(name, value, { signal, onEvent: onProgress }));
      } catch (error) {
        if (signal?.aborted || isBroken(error)) this.#restart(engine);
        throw error;
      }
    });
    this.#last = turn.catch(() => undefined);
    return untilAborted(turn, signal);
  }

  #started(): Promise<ProverEngine> {
    if (this.#closed) return Promise.reject(failure('closed', 'the prover was closed', 'make another'));
    if (!this.#engine) {
      const starting = ProverEngine.start(this.#inWorker);
      this.#engine = starting;
      starting.catch(() => this.#forget(starting));
    }
    return this.#engine;
  }

  /** The next call begins a worker: WebAssembly that trapped is in no state to go on, and what is at work hears nothing. */
  #restart(engine: ProverEngine): void {
    if (engine.isInThread) return;
    engine.stop(failure('closed', 'the worker was ended', 'call again'));
    this.#engine = undefined;
  }

  #forget(engine: Promise<ProverEngine>): void {
    if (this.#engine === engine) this.#engine = undefined;
  }
}

/** Whether the instance is to be thrown away. */
function isBroken(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  return code === 'prover_failed' || code === 'out_of_memory';
}

/** Rejects at once when the signal says so, and not only when it is its turn. */
function untilAborted<T>(turn: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return turn;
  return new Promise((resolve, reject) => {
    const abort = () => reject(abortError(signal));
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    turn.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
