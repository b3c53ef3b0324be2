// What the worker has of the WebAssembly: members, and proofs of theirs.

import { failure } from '../errors.js';
import type { Context } from '../peer.js';
import { wipe, type WireMember } from './given.js';
import * as wasm from './wasm.js';

/** A proof, blinded by randomness of its own. @internal */
export function prove(key: wasm.Key, statement: wasm.Statement, member: wasm.Member, tell: Context['tell']): Uint8Array {
  const random = crypto.getRandomValues(new Uint8Array(32));
  try {
    return key.prove(statement, member, random, (phase: string) => tell({ phase }));
  } finally {
    random.fill(0);
  }
}

/** Does something with a secret, of which nothing is left afterwards. @internal */
export function withMember<T>(wire: WireMember, work: (member: wasm.Member) => T): T {
  let member: wasm.Member | undefined;
  try {
    member = memberOf(wire);
    return work(member);
  } finally {
    wipe(wire);
    freed(member);
  }
}

/** Its caller frees it. @internal */
export function memberOf({ seed, secret, credential, leaf }: WireMember): wasm.Member {
  const member = secret ? wasm.Member.ofSecret(secret, credential) : new wasm.Member(seed!, credential);
  if (!leaf || member.leaf().every((byte, at) => byte === leaf[at])) return member;
  freed(member);
  throw failure('bad_credential', "the credential is another member's, or was changed", 'give the one that was issued for the commitment of this secret');
}

/** Lets a handle go. One that was at work when the module trapped goes with the module. @internal */
export function freed(handle: { free(): void } | undefined): void {
  try {
    handle?.free();
  } catch {
    // What is thrown already says more.
  }
}

/** Whether the module stopped in the middle of something. @internal */
export function isFatal(error: unknown): boolean {
  const code = (error as { code?: unknown } | undefined)?.code;
  return code === 'prover_failed' || code === 'out_of_memory';
}
