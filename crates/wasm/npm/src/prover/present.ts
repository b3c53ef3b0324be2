// What is asked of a private reader, answered in the worker: in which groups a condition could be proven, the key is
// taken, and the proof comes with the file that verifies it. What is proven, and of which group, is asked from outside.

import { failure, SthenoError, type FailureRecord } from '../errors.js';
import type { ProofStep, ProofTask } from '../readers.js';
import type { Answer, Context } from '../peer.js';
import { bytes32, wipe, type WireMember } from './given.js';
import { freed, memberOf, prove } from './handles.js';
import type { Patience } from './download.js';
import { putAway, take, type TakenKey, type WireKey } from './keys.js';
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
  /** Hashes of proving keys' files: where there are any, no other is taken. */
  pinned: Uint8Array[];
  patience: Patience;
}

/** A group in which a condition holds of a member. Who has it frees the member. */
interface Holding {
  group: wasm.KnownGroup;
  member: wasm.Member;
}

type Held = Pick<TakenKey, 'key' | 'from'>;

/** Places that were asked to no avail, in the course of one task. */
interface Refused {
  places: Set<string>;
  why: string[];
}

/** Answers tasks. It has each proving key once, by the verifying key's hash, and the last reader's groups. @internal */
export class Presenter {
  #keys = new Map<string, Held>();
  #groups = new Map<string, wasm.KnownGroup>();

  async answer(wire: WirePresent, context: Context): Promise<Answer> {
    try {
      switch (wire.step) {
        case 'roots':
          return { value: this.#roots(wire, context) };
        case 'prepare':
          await this.#key(wire, context, { places: new Set(), why: [] });
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
    const [group] = this.#known(wire, context);
    if (!group) throw otherGroup();
    const { holding, fault } = held(wire, group);
    if (!holding) throw denial('not_provable', `it cannot be proven: ${fault?.message ?? 'you are not in the group'}`, fault?.hint ?? '');
    let statement: wasm.Statement | undefined;
    try {
      statement = group.statement(bytes32(task.scope ?? '', 'the scope'), bytes32(task.binding ?? '', 'the binding'), numbers(task));
      const bytes = await this.#proven(wire, statement, holding.member, context);
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

  /** A key whose proof does not verify is put away, and the next place is asked, each once. */
  async #proven(wire: WirePresent, statement: wasm.Statement, member: wasm.Member, context: Context): Promise<Uint8Array<ArrayBuffer>> {
    const refused: Refused = { places: new Set(), why: [] };
    for (;;) {
      const held = await this.#key(wire, context, refused);
      try {
        const proof = prove(held.key, statement, member, context.tell);
        const file = held.key.verifyingFile();
        const bytes = new Uint8Array(proof.length + file.length);
        bytes.set(proof);
        bytes.set(file, proof.length);
        return bytes;
      } catch (error) {
        const { code, message } = error as Partial<FailureRecord>;
        if (code !== 'proving_key_broken') throw error;
        refused.places.add(held.from);
        refused.why.push(`${held.from}: ${message}`);
        await putAway(wireOf(wire), held.key);
        this.#keys.delete(wire.task.key);
        freed(held.key);
      }
    }
  }

  async #key(wire: WirePresent, { signal, tell }: Context, refused: Refused): Promise<Held> {
    const { task, pinned } = wire;
    const found = this.#keys.get(task.key);
    if (found && isOneOf(pinned, found.key)) return found;
    try {
      const { source, ...rest } = wireOf(wire);
      if (!source.urls.length) throw failure('bad_argument', 'no place was given to look for it', 'give `keys`');
      if (source.urls.every((url) => refused.places.has(url))) throw failure('proving_key_broken', 'no other place is left', '');
      const held = await take({ source, ...rest }, signal, tell, refused.places);
      const { circuit } = held.key;
      if (circuit !== task.circuit) {
        freed(held.key);
        throw failure('other_circuit', `it is for ${circuit}`, '');
      }
      freed(found?.key);
      this.#keys.set(task.key, held);
      return held;
    } catch (error) {
      if (signal.aborted || !isOfKey(error)) throw error;
      const why = [...refused.why, error.message].join('; ');
      const subject = `the proving key for ${task.circuit} with the verifying key ${task.key}`;
      if (refused.why.length || error.code === 'proving_key_broken') {
        throw failure(
          'proving_key_broken',
          `${subject} is broken and was put away: ${why}`,
          "tell who runs that place, and give another in `keys`; with `provingKeyHash`, as the network's operator publishes it, no other key is taken",
        );
      }
      throw failure(
        'proving_key_missing',
        `${subject} was not found: ${why}`,
        'say in `keys` where proving keys are: the address of a folder that has the file HASH.proving, and lets this page read it (CORS)',
      );
    }
  }
}

/** The key that a task asks for. Whose trapdoor is known can make proofs of what is not true, and takes nothing from a prover. */
function wireOf({ task, places, pinned, patience }: WirePresent): WireKey & { source: { urls: string[] } } {
  const urls = places.map((place) => new URL(`${task.key.slice(2)}.proving`, place).href);
  const hash = bytes32(task.key, "the key's hash");
  return { source: { urls }, by: 'verifyingHash', hash, pinned, development: true, patience };
}

/** Another reader of this prover may have had another idea of which keys are good. */
function isOneOf(pinned: Uint8Array[], key: wasm.Key): boolean {
  const own = bytes32(key.hash, 'the hash');
  return !pinned.length || pinned.some((hash) => hash.every((byte, at) => byte === own[at]));
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
function isOfKey(error: unknown): error is { code: string; message: string } {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' && (/^proving_key_/.test(code) || ['source_unreachable', 'other_circuit', 'bad_argument'].includes(code));
}
