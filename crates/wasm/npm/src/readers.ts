import type { WireReader } from './host.js';
import type { Network } from './network.js';
import { failure } from './errors.js';
import { Session } from './session.js';
import { Wallet } from './wallet.js';

/** A private condition in a request: what has to be proven. Numbers of 64 bits are decimal text. */
export interface ProofTask {
  /** `membership-20-v1`. */
  circuit: string;
  /** Levels of the group's tree. */
  depth: number;
  /** SHA-256 of the verifying key's file. */
  key: string;
  /** The group's root; absent where a contract keeps it. */
  root?: string;
  /** In the step `present` alone, with `binding`. */
  scope?: string;
  binding?: string;
  /** Of a credential: in which range each of four attributes must be, and when it must be valid, Unix seconds. */
  bounds?: { ranges: { low: string; high: string }[]; now: string };
}

/** What a reader is asked for, in turn: where a condition could be proven; to be ready; the proof. */
export type ProofStep = 'roots' | 'prepare' | 'present';

/** Somebody who proves a right and shows no account, such as `PrivateReader` of `@stheno/web/prover`. */
export interface ProvingReader {
  /** The roots, 32 bytes each, of the groups in which it could be proven: of `root`'s, or of all with the depth. */
  roots(task: ProofTask, options?: { signal?: AbortSignal }): Promise<Uint8Array[]>;
  /** Resolves when the proving key is there. */
  prepare(task: ProofTask, options?: { signal?: AbortSignal }): Promise<void>;
  /** The proof in the group with `root`: root 32 ‖ nullifier 32 ‖ proof 192 ‖ the file of the verifying key. */
  present(task: ProofTask, options?: { signal?: AbortSignal }): Promise<Uint8Array>;
}

/** Who asks. */
export type Reader = Session | Wallet | ProvingReader;

const introduced = new WeakMap<Wallet | ProvingReader, Map<Network, number>>();

/** A reader, ready to cross. @internal */
export function readerToWire(reader: Reader | undefined, network: Network): WireReader | undefined {
  if (reader === undefined) return undefined;
  if (reader instanceof Session) {
    if (reader.network !== network) {
      throw failure('bad_argument', 'the session is another network object’s', 'open or resume it with this one');
    }
    return { kind: 'session', session: reader.handle };
  }
  if (reader instanceof Wallet) {
    const signer = known(reader, network, () => network.engine.introduce((typedData) => reader.signTypedData(typedData)));
    return { kind: 'wallet', account: reader.account, signer };
  }
  // By what it does: it is of a module that is not loaded here.
  const steps: ProofStep[] = ['roots', 'prepare', 'present'];
  if (!steps.every((step) => typeof (reader as ProvingReader | null)?.[step] === 'function')) {
    throw failure('bad_argument', 'the reader is neither a Session nor a Wallet nor a PrivateReader', 'give one of them');
  }
  return { kind: 'prover', prover: known(reader, network, () => network.engine.introduceProver(reader)) };
}

/** Its number in a network's engine. */
function known(reader: Wallet | ProvingReader, network: Network, introduce: () => number): number {
  let numbers = introduced.get(reader);
  if (!numbers) introduced.set(reader, (numbers = new Map()));
  let number = numbers.get(network);
  if (number === undefined) numbers.set(network, (number = introduce()));
  return number;
}
