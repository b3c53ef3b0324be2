// What is asked of a private reader, answered in the worker: in which groups a condition could be proven, the key is
// taken, and the proof comes with the file that verifies it. What is proven, and of which group, is asked from outside.

import { failure, SthenoError, type FailureRecord } from '../errors.js';
import type { ProofStep, ProofTask } from '../readers.js';
import type { Answer, Context } from '../peer.js';
import { bytes32, wipe, type WireMember } from './given.js';
import { freed, memberOf, prove } from './handles.js';
import { take } from './keys.js';
import * as wasm from './wasm.js';

/** A task with what to answer it with, as it crosses. @internal */
export interface WirePresent {
  step: ProofStep;
  task: ProofTask;
  /** The same member: without a credential, or once with each. */
  members: WireMember[];
  groups: string[];
  /** Folders on servers, as addresses that end with a slash. */
  places: string[];
  /** Hashes of proving keys' files that need not be checked. */
  trusted: Uint8Array[];
}

/** A group in which a condition holds of a member. Who has it frees the member. */
interface Holding {
  group: wasm.KnownGroup;
  member: wasm.Member;
}

/** Answers tasks. It has each proving key once, by the verifying key's hash, and the last reader's groups. @internal */
export class Presenter {
  #keys = new Map<string, wasm.Key>();
  #groups = new Map<string, wasm.KnownGroup>();

  async answer(wire: WirePresent, context: Context): Promise<Answer> {
    try {
      switch (wire.step) {
        case 'roots':
          return { value: this.#roots(wire, context) };
        case 'prepare':
          await this.#key(wire, context);
          return {};
        case 'present':
          return await this.#present(wire, context);
      }
    } finally {
      wire.members.forEach(wipe);
    }
  }

  /** The root of each group in which it holds; a refusal where there is none. */
  #roots(wire: WirePresent, context: Context): Uint8Array[] {
    const roots: Uint8Array[] = [];
    let isKnown = wire.task.root === undefined;
    let refused: FailureRecord | undefined;
    for (const group of this.#known(wire, context)) {
      isKnown = true;
      const { holding, fault } = held(wire, group);
      freed(holding?.member);
      if (holding) roots.push(group.root);
      else refused ??= fault;
    }
    if (roots.length) return roots;
    if (!isKnown) throw otherGroup();
    if (refused) throw denial('not_provable', `it cannot be proven: ${refused.message}`, refused.hint);
    throw denial(
      'not_a_member',
      `you are in none of the groups that were given for ${wire.task.circuit}`,
      "give the group's newest file, and your credential where one is asked for; or ask who keeps the group to add you",
    );
  }

  /** root 32 ‖ nullifier 32 ‖ proof 192 ‖ verifying key's file. */
  async #present(wire: WirePresent, context: Context): Promise<Answer> {
    const { task } = wire;
    const key = await this.#key(wire, context);
    const [group] = this.#known(wire, context);
    if (!group) throw otherGroup();
    const { holding, fault } = held(wire, group);
    if (!holding) throw denial('not_provable', `it cannot be proven: ${fault?.message ?? 'you are not in the group'}`, fault?.hint ?? '');
    let statement: wasm.Statement | undefined;
    try {
      statement = group.statement(bytes32(task.scope ?? '', 'the scope'), bytes32(task.binding ?? '', 'the binding'), numbers(task));
      const proof = prove(key, statement, holding.member, context.tell);
      const file = key.verifyingFile();
      const bytes = new Uint8Array(proof.length + file.length);
      bytes.set(proof);
      bytes.set(file, proof.length);
      return { value: bytes, transfer: [bytes.buffer] };
    } finally {
      freed(statement);
      freed(holding.member);
    }
  }

  /** The groups that have the task's root, or, where none is said, its depth. */
  #known({ task, groups }: WirePresent, { tell }: Context): wasm.KnownGroup[] {
    for (const [text, group] of this.#groups) {
      if (groups.includes(text)) continue;
      this.#groups.delete(text);
      freed(group);
    }
    for (const text of groups) {
      if (this.#groups.has(text)) continue;
      tell({ phase: 'group' });
      this.#groups.set(text, new wasm.KnownGroup(text));
    }
    return groups.map((text) => this.#groups.get(text)!).filter((group) => isOf(group, task));
  }

  async #key({ task, places, trusted }: WirePresent, { signal, tell }: Context): Promise<wasm.Key> {
    const found = this.#keys.get(task.key);
    if (found) return found;
    const urls = places.map((place) => new URL(`${task.key.slice(2)}.proving`, place).href);
    try {
      if (!urls.length) throw failure('bad_argument', 'no place was given to look for it', 'give `keys`');
      const hash = bytes32(task.key, "the key's hash");
      // Whose trapdoor is known can make proofs of what is not true, and takes nothing from a prover.
      const { key } = await take({ source: { urls }, by: 'verifyingHash', hash, trusted, development: true }, signal, tell);
      if (key.circuit !== task.circuit) {
        const { circuit } = key;
        freed(key);
        throw failure('other_circuit', `it is for ${circuit}`, '');
      }
      this.#keys.set(task.key, key);
      return key;
    } catch (error) {
      if (signal.aborted || !isOfKey(error)) throw error;
      throw failure(
        'proving_key_missing',
        `the proving key for ${task.circuit} with the verifying key ${task.key} was not found: ${error.message}`,
        'say in `keys` where proving keys are: the address of a folder that has the file HASH.proving, and lets this page read it (CORS)',
      );
    }
  }
}

/** The first credential with which it holds in a group; or why it does not with the first that is in it. */
function held({ task, members }: WirePresent, group: wasm.KnownGroup): { holding?: Holding; fault?: FailureRecord } {
  let refused: FailureRecord | undefined;
  for (const wire of members.filter(({ credential }) => !credential === !task.bounds)) {
    const member = memberOf(wire);
    try {
      group.check(member, numbers(task));
      return { holding: { group, member } };
    } catch (error) {
      freed(member);
      const fault = error as FailureRecord;
      if (!['not_a_member', 'out_of_bounds', 'credential_expired'].includes(fault.code)) throw error;
      if (fault.code !== 'not_a_member') refused ??= fault;
    }
  }
  return { fault: refused };
}

function otherGroup(): SthenoError {
  return denial('other_group', 'none of the groups that were given has the root that the policy names', 'give the file of the very group that the policy names');
}

function isOf(group: wasm.KnownGroup, { root, depth }: ProofTask): boolean {
  if (root === undefined) return group.depth === depth;
  const wanted = bytes32(root, 'the root');
  return group.root.every((byte, at) => byte === wanted[at]);
}

function numbers({ bounds }: ProofTask): BigUint64Array | undefined {
  if (!bounds) return undefined;
  const ends = bounds.ranges.flatMap(({ low, high }) => [low, high]);
  return BigUint64Array.from([...ends, bounds.now], BigInt);
}

function denial(code: string, message: string, hint: string): SthenoError {
  return new SthenoError({ code, message, hint, denied: true });
}

/** Failures that another copy of a key, or another place, would mend. */
function isOfKey(error: unknown): error is { message: string } {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' && (/^proving_key_/.test(code) || ['source_unreachable', 'other_circuit', 'bad_argument'].includes(code));
}
