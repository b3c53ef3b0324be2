// What the worker does when the page asks: WebAssembly that is at work until it is done.

import { failure, SthenoError } from '../errors.js';
import { Peer, type Answer, type Context, type Handlers, type Port } from '../peer.js';
import type { WireMember } from './given.js';
import { freed, isFatal, prove, withMember } from './handles.js';
import { putAway, take, type WireKey } from './keys.js';
import { Presenter, type WirePresent } from './present.js';
import * as wasm from './wasm.js';

/** What is to be proven, as it crosses. @internal */
export interface WireStatement {
  group: string;
  scope: Uint8Array;
  binding: Uint8Array;
  /** `low` and `high` of each attribute, then the time. */
  bounds?: BigUint64Array;
}

/** A key that was loaded. @internal */
export interface KeyFacts {
  key: number;
  circuit: string;
  hash: string;
  verifyingHash: string;
  bytes: number;
  kept: 'cache' | 'memory';
}

/** A key, and how it was asked for. */
interface Loaded {
  key: wasm.Key;
  wire: WireKey;
}

/** Answers to a page. @internal */
export function serve(port: Port): void {
  const keys = new Map<number, Loaded>();
  const presenter = new Presenter();
  let next = 1;
  const handlers: Handlers = {
    member: (value: { member: WireMember; scope?: Uint8Array }) => ({ value: ofMember(value) }),
    loadKey: async (wire: WireKey, { signal, tell }) => {
      const { key, bytes, kept } = await take(wire, signal, tell);
      const { circuit, hash, verifyingHash } = key;
      keys.set(next, { key, wire });
      return { value: { key: next++, circuit, hash, verifyingHash, bytes, kept } satisfies KeyFacts };
    },
    prove: (value: { key: number; member: WireMember; statement: WireStatement }, context) =>
      proven(keys.get(value.key), value.member, value.statement, context),
    present: (value: WirePresent, context) => presenter.answer(value, context),
    release: (key: number) => {
      freed(keys.get(key)?.key);
      keys.delete(key);
    },
    memory: async () => ({ value: (await wasm.load()).buffer.byteLength }),
  };
  new Peer(port, Object.fromEntries(Object.entries(handlers).map(([name, work]) => [name, guarded(work)])));
}

function guarded(work: Handlers[string]): Handlers[string] {
  return async (value, context) => {
    try {
      await wasm.load();
    } catch (error) {
      throw told(error);
    }
    try {
      return await work(value, context);
    } catch (error) {
      const failed = told(error);
      if (isFatal(failed)) wasm.spoil();
      throw failed;
    }
  };
}

function ofMember({ member: wire, scope }: { member: WireMember; scope?: Uint8Array }): object {
  return withMember(wire, (member) => ({
    commitment: member.commitment(),
    leaf: member.leaf(),
    nullifier: scope && member.nullifier(scope),
  }));
}

async function proven(loaded: Loaded | undefined, wire: WireMember, claim: WireStatement, { tell }: Context): Promise<Answer> {
  try {
    return withMember(wire, (member) => {
      if (!loaded) throw failure('closed', 'the key was closed', 'load it again');
      tell({ phase: 'group' });
      const group = new wasm.KnownGroup(claim.group);
      let statement: wasm.Statement | undefined;
      try {
        statement = group.statement(claim.scope, claim.binding, claim.bounds);
        const proof = prove(loaded.key, statement, member, tell);
        return { value: proof, transfer: [proof.buffer as ArrayBuffer] };
      } finally {
        freed(statement);
        freed(group);
      }
    });
  } catch (error) {
    // Of its own hash, it is what was asked for: no other file would be.
    const isBroken = (error as { code?: unknown }).code === 'proving_key_broken';
    if (isBroken && loaded?.wire.by === 'verifyingHash') await putAway(loaded.wire, loaded.key);
    throw error;
  }
}

/** A trap in words. A panic comes as a failure already; what else stops the module is the allocator, without memory. */
function told(error: unknown): unknown {
  if (error instanceof SthenoError) return error;
  const message = error instanceof Error ? error.message : '';
  const trapped = error instanceof WebAssembly.RuntimeError;
  const full = error instanceof RangeError && !/call stack/i.test(message);
  if (full || (trapped && /unreachable/i.test(message))) {
    return failure(
      'out_of_memory',
      'there is not enough memory to prove',
      'close other pages or programs and try again; a group of a smaller depth has a smaller key',
    );
  }
  if (trapped || error instanceof RangeError) {
    return failure('prover_failed', `the prover failed: ${message}`, 'try again; if it fails again, please report it');
  }
  return error;
}
