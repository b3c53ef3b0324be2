// What applications give, as it crosses to the worker.

import { failure } from '../errors.js';
import type { Credential, MemberSecret, ProveInput, ProvingKeySource, U64 } from '../prover.js';
import type { WireKeySource } from './keys.js';
import type { WireStatement } from './host.js';

const ATTRIBUTES = 4;
const LAST = (1n << 64n) - 1n;

/** A secret, as it crosses, one of both: wiped here as soon as it is used. @internal */
export interface WireMember {
  seed?: Uint8Array;
  secret?: Uint8Array;
  /** Four attributes and the expiry. */
  credential?: BigUint64Array;
  /** What its issuer's file says that they make of this member. */
  leaf?: Uint8Array;
}

/** 32 bytes, given as such or as `0x` and 64 digits. A copy. @internal */
export function bytes32(value: Uint8Array | string, what: string): Uint8Array {
  if (value instanceof Uint8Array && value.length === 32) return value.slice();
  if (typeof value === 'string' && /^0x[0-9a-f]{64}$/i.test(value)) {
    return Uint8Array.from(value.slice(2).match(/../g) ?? [], (digits) => parseInt(digits, 16));
  }
  throw bad(`${what} is not 32 bytes`, 'give a Uint8Array of 32 bytes, or 0x and 64 hexadecimal digits');
}

/** How the text of a member's key begins, as `stheno member create` writes it. */
const KEY_TEXT = 'STHENO-MEMBER-KEY-1:';

/** @internal */
export function member(secret: MemberSecret, credential?: Credential | string | object): WireMember {
  const attributes = credential === undefined ? {} : issued(credential);
  if (typeof secret === 'string') return { secret: secretOf(secret), ...attributes };
  if (!(secret instanceof Uint8Array) || secret.length !== 32) {
    throw bad("a member's seed is 32 bytes", 'make one of crypto.getRandomValues, and keep it; or give the text of a member.key file');
  }
  return { seed: secret.slice(), ...attributes };
}

/** Wipes what crossed. @internal */
export function wipe({ seed, secret, credential }: WireMember): void {
  seed?.fill(0);
  secret?.fill(0);
  credential?.fill(0n);
}

/** The text is a secret: it is not repeated. */
function secretOf(text: string): Uint8Array {
  const lines = text.split('\n').map((line) => line.trim());
  const [key = '', ...more] = lines.filter((line) => line && !line.startsWith('#'));
  const digits = key.startsWith(KEY_TEXT) && !more.length ? key.slice(KEY_TEXT.length) : '';
  if (!/^[0-9a-f]{64}$/i.test(digits)) {
    throw failure('bad_member_key', "the text is no member's key", 'give what is in the file that `stheno member create -o FILE` wrote');
  }
  return Uint8Array.from(digits.match(/../g) ?? [], (two) => parseInt(two, 16));
}

/** What a credential says. It is private: no number of it is repeated. */
function issued(given: Credential | string | object): Pick<WireMember, 'credential' | 'leaf'> {
  const { attributes, expiry, leaf } = credentialOf(given);
  if (!Array.isArray(attributes) || attributes.length !== ATTRIBUTES) {
    throw bad(`a credential has ${ATTRIBUTES} attributes`, 'give 0 for those that mean nothing');
  }
  const credential = BigUint64Array.from([...attributes, expiry], (value) => u64(value, 'what a credential says'));
  return { credential, ...(leaf && { leaf }) };
}

/** A credential as such, or the file that an issuer gave: its text, or the object. */
function credentialOf(given: Credential | string | object): Credential & { leaf?: Uint8Array } {
  const no = (why: string) => failure('bad_credential', `it is no credential: ${why}`, 'give the file that `stheno group add … -o FILE` wrote');
  let file: { format?: unknown; attributes?: unknown; expires?: unknown; leaf?: unknown };
  try {
    file = typeof given === 'string' ? JSON.parse(given) : given;
  } catch {
    throw no('it is not JSON');
  }
  if (typeof file !== 'object' || file === null) throw no('it is not an object');
  if (typeof given !== 'string' && file.format === undefined) return given as Credential;
  if (file.format !== 'stheno-credential/1') throw no('its format is not stheno-credential/1');
  const texts = file.attributes;
  if (!Array.isArray(texts) || !texts.every((text) => typeof text === 'string' && /^(0|[1-9][0-9]{0,19})$/.test(text))) {
    throw no('its attributes are not whole numbers, as text');
  }
  if (typeof file.leaf !== 'string' || !/^0x[0-9a-f]{64}$/i.test(file.leaf)) throw no('its leaf is not 0x and 64 digits');
  const expiry = file.expires === undefined ? LAST : (file.expires as U64);
  return { attributes: texts.map(BigInt), expiry, leaf: bytes32(file.leaf, 'its leaf') };
}

/** @internal */
export function statement({ group, scope, binding, bounds }: ProveInput): WireStatement {
  const wire: WireStatement = {
    group: groupText(group),
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

/** A group's text. @internal */
export function groupText(group: string | object): string {
  return typeof group === 'string' ? group : JSON.stringify(group);
}

/** What would wrap around, or was rounded already, is no number that anybody meant. */
function u64(value: bigint | number, what = String(value)): bigint {
  const fits = typeof value === 'bigint' ? value >= 0n && value <= LAST : Number.isSafeInteger(value) && value >= 0;
  if (!fits) throw bad(`${what} is no number of 64 bits`, 'give a bigint from 0 to 2^64 - 1');
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

/** An address as the page means it: a worker has another base. @internal */
export function absolute(url: string): string {
  try {
    return new URL(url, globalThis.location?.href).href;
  } catch {
    throw bad(`${url} is no address`, 'give a URL');
  }
}

function bad(message: string, hint: string): Error {
  return failure('bad_argument', message, hint);
}
