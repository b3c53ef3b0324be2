// What applications give, as it crosses to the worker.

import { failure } from '../errors.js';
import type { Credential, ProveInput, ProvingKeySource } from '../prover.js';
import type { WireKeySource } from './keys.js';
import type { WireMember, WireStatement } from './host.js';

const ATTRIBUTES = 4;
const LAST = (1n << 64n) - 1n;

/** 32 bytes, given as such or as `0x` and 64 digits. A copy. @internal */
export function bytes32(value: Uint8Array | string, what: string): Uint8Array {
  if (value instanceof Uint8Array && value.length === 32) return value.slice();
  if (typeof value === 'string' && /^0x[0-9a-f]{64}$/i.test(value)) {
    return Uint8Array.from(value.slice(2).match(/../g) ?? [], (digits) => parseInt(digits, 16));
  }
  throw bad(`${what} is not 32 bytes`, 'give a Uint8Array of 32 bytes, or 0x and 64 hexadecimal digits');
}

/** @internal */
export function member(seed: Uint8Array, credential?: Credential): WireMember {
  if (!(seed instanceof Uint8Array) || seed.length !== 32) {
    throw bad("a member's seed is 32 bytes", 'make one of crypto.getRandomValues, and keep it');
  }
  return { seed: seed.slice(), credential: credential && numbersOf(credential) };
}

function numbersOf({ attributes, expiry }: Credential): BigUint64Array {
  if (attributes.length !== ATTRIBUTES) throw bad(`a credential has ${ATTRIBUTES} attributes`, 'give 0 for those that mean nothing');
  return BigUint64Array.from([...attributes, expiry], (value) => u64(value));
}

/** @internal */
export function statement({ group, scope, binding, bounds }: ProveInput): WireStatement {
  const wire: WireStatement = {
    group: typeof group === 'string' ? group : JSON.stringify(group),
    scope: bytes32(scope, 'the scope'),
    binding: bytes32(binding, 'the binding'),
  };
  if (bounds) {
    if (bounds.ranges.length > ATTRIBUTES) throw bad(`there are ${ATTRIBUTES} attributes to bound`, 'give a range for each, or fewer');
    const ends = Array.from({ length: ATTRIBUTES }, (_, at) => bounds.ranges[at] ?? {});
    const numbers = ends.flatMap(({ low = 0n, high = LAST }) => [low, high]);
    wire.bounds = BigUint64Array.from([...numbers, bounds.now], (value) => u64(value));
  }
  return wire;
}

/** What would wrap around, or was rounded already, is no number that anybody meant. */
function u64(value: bigint | number): bigint {
  const fits = typeof value === 'bigint' ? value >= 0n && value <= LAST : Number.isSafeInteger(value) && value >= 0;
  if (!fits) throw bad(`${value} is no number of 64 bits`, 'give a bigint from 0 to 2^64 - 1');
  return BigInt(value);
}

/** @internal */
export function keySource(source: ProvingKeySource): WireKeySource {
  if (source instanceof Blob) return { file: source };
  if (source instanceof Uint8Array || source instanceof ArrayBuffer) {
    return { file: new Blob([source as BlobPart]) };
  }
  return { urls: (Array.isArray(source) ? source : [source]).map((url) => absolute(String(url))) };
}

/** An address as the page means it: a worker has another base. */
function absolute(url: string): string {
  try {
    return new URL(url, globalThis.location?.href).href;
  } catch {
    throw bad(`${url} is no address`, 'give a URL');
  }
}

function bad(message: string, hint: string): Error {
  return failure('bad_argument', message, hint);
}
