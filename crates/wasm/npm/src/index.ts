/**
 * Encrypted access control for Filecoin, in a browser and in Node.
 *
 * The WebAssembly, the keys and the bulk work live in a worker; what is here calls into it.
 *
 * @module
 */
import { sharedEngine } from './engine.js';
import { EncryptedFile, type OpenedRecord } from './file.js';
import { encryptWith } from './sealing.js';
import { toRangedWire, toWire } from './source.js';
import type { Abortable, EncryptOptions, Encrypting, Inspection, Source } from './types.js';

export { SthenoError, type NodeReport, type Reason } from './errors.js';
export { EncryptedFile } from './file.js';
export { Folder } from './folder.js';
export { Deal } from './deal.js';
export { Network, type BuyEvent } from './network.js';
export { Policy } from './policy.js';
export { rules, type CallLeaf, type PolicyJson, type Rule, type StorageLeaf, type TokenLeaf, type ZkLeaf } from './rules.js';
export { Session } from './session.js';
export { Wallet, type Eip1193Provider } from './wallet.js';
export type { ProofTask, ProvingReader, Reader } from './readers.js';
export type * from './types.js';

/** What an envelope's header says. Reads no more than that, asks nobody, and believes nothing of it. */
export async function inspect(source: Source, options: Abortable = {}): Promise<Inspection> {
  const engine = await sharedEngine();
  const { wire, end } = toWire(source, engine);
  try {
    return await engine.peer.call<Inspection>('inspect', wire, options);
  } finally {
    end();
  }
}

/** Opens a file with secret keys of one's own. Asks nobody. */
export async function openWithKeys(source: Source, keys: string[], options: Abortable = {}): Promise<EncryptedFile> {
  const engine = await sharedEngine();
  const wire = toRangedWire(source, engine);
  const opened = await engine.peer.call<OpenedRecord>('open', { source: wire, keys }, options);
  return new EncryptedFile(engine, opened);
}

/** Encrypts to public keys (`stheno1…`) alone. */
export async function encryptToKeys(
  input: Source,
  publicKeys: string[],
  options: Omit<EncryptOptions, 'alsoTo' | 'item' | 'hidePolicy'> = {},
): Promise<Encrypting> {
  return encryptWith(await sharedEngine(), { policy: '', keys: publicKeys }, input, options);
}

/** The PieceCID (v2) of bytes, by which Filecoin's providers name them. */
export async function pieceCid(
  source: Source,
  options: { onProgress?(progress: { done: number }): void } & Abortable = {},
): Promise<{ pieceCid: string; size: number }> {
  const engine = await sharedEngine();
  const { wire, end } = toWire(source, engine);
  try {
    return await engine.peer.call('pieceCid', wire, { signal: options.signal, onEvent: options.onProgress });
  } finally {
    end();
  }
}

/** The version of the WebAssembly. */
export async function version(): Promise<string> {
  return (await sharedEngine()).peer.call<string>('load', undefined);
}
