import { Engine, type EngineOptions } from './engine.js';
import { failure } from './errors.js';
import { EncryptedFile, type OpenedRecord } from './file.js';
import { Deal } from './deal.js';
import { Folder, type FolderRecord } from './folder.js';
import type { WireOpen } from './host.js';
import { Policy, policyText } from './policy.js';
import { readerToWire } from './readers.js';
import { encryptWith } from './sealing.js';
import { isLink, toRangedWire, toWire } from './source.js';
import { queued } from './streams.js';
import type { Wallet } from './wallet.js';
import type {
  Abortable,
  EncryptOptions,
  Encrypting,
  Explanation,
  Inspection,
  OpenOptions,
  Progress,
  Source,
} from './types.js';

interface About {
  id: string;
  name: string;
  chainId: number;
  threshold: number;
  nodes: number;
  rpc: string[];
  hasMarket: boolean;
}

/** What is going on while a price is paid. */
export interface BuyEvent {
  kind: 'approving' | 'paying' | 'sent' | 'mined';
  hash?: string;
}

/** A network of nodes, whose key was compared with the one that its network file pins. */
export class Network {
  readonly id: string;
  readonly name: string;
  /** The chain of its committee. */
  readonly chainId: number;
  /** How many nodes have to answer. */
  readonly threshold: number;
  readonly nodes: number;
  /** Endpoints of its chain that the network file names. */
  readonly rpc: readonly string[];
  /** Whether the network file names a catalogue, so that something can be bought. */
  readonly hasMarket: boolean;
  /** @internal */
  readonly engine: Engine;
  readonly #network: number;

  private constructor(engine: Engine, network: number, about: About) {
    this.engine = engine;
    this.#network = network;
    this.id = about.id;
    this.name = about.name;
    this.chainId = about.chainId;
    this.threshold = about.threshold;
    this.nodes = about.nodes;
    this.rpc = about.rpc;
    this.hasMarket = about.hasMarket;
  }

  /**
   * Connects to the network of a network file: text, an object, or the address of one. Get it from a place
   * that you trust: it pins the key that files are sealed to. `rpc`: endpoints instead of the file's.
   *
   * @throws SthenoError `bad_network_file`, `wrong_network_key`, `rpc_unreadable`, `rpc_other_chain`, …
   */
  static async connect(
    file: string | object | URL,
    options: { rpc?: string[] } & EngineOptions & Abortable = {},
  ): Promise<Network> {
    const { rpc = [], signal } = options;
    const text = await networkText(file, signal);
    const engine = await Engine.start(options);
    try {
      const connected = await engine.peer.call<{ network: number; about: About }>('connect', { file: text, rpc }, { signal });
      return new Network(engine, connected.network, connected.about);
    } catch (error) {
      await engine.stop();
      throw error;
    }
  }

  /** Encrypts to whoever the policy lets read. Asks nobody. */
  async encrypt(input: Source, policy: Policy | string | object, options: EncryptOptions = {}): Promise<Encrypting> {
    const to = { network: this.#network, policy: policyText(policy), keys: [] };
    return encryptWith(this.engine, to, input, options);
  }

  /**
   * Opens a file and decrypts all of it, in order. Any source will do, also a stream, or a server
   * without Range. Every byte has authenticated; that they were all, the stream's end says.
   */
  async decrypt(
    source: Source,
    options: OpenOptions & { onProgress?(progress: Progress): void } = {},
  ): Promise<ReadableStream<Uint8Array>> {
    const { signal, onEvent, onProgress } = options;
    signal?.throwIfAborted();
    const { wire, end } = toWire(source, this.engine);
    let total: number | undefined;
    const onTold = (told: { kind?: string; size?: number }) => {
      if (told.kind !== undefined) onEvent?.(told as never);
      if (told.size !== undefined) total = told.size;
    };
    const value = { network: this.#network, source: wire, ...this.#opening(options) };
    const work = queued<number>(this.engine, 'decrypt', value, { signal, onTold, end });
    work.done.catch(() => undefined);
    const stream = await work.begun;
    if (!onProgress) return stream;
    let done = 0;
    const count = new TransformStream<Uint8Array, Uint8Array>({
      transform(bytes, controller) {
        done += bytes.length;
        onProgress({ done, ...(total === undefined ? {} : { total }) });
        controller.enqueue(bytes);
      },
    });
    return stream.pipeThrough(count);
  }

  /** Opens a file to be read anywhere, such as a video that seeks. */
  async open(source: Source, options: OpenOptions = {}): Promise<EncryptedFile> {
    const { signal, onEvent } = options;
    const wire = toRangedWire(source, this.engine);
    const value = { network: this.#network, source: wire, ...this.#opening(options) };
    const opened = await this.engine.peer.call<OpenedRecord>('open', value, { signal, onEvent });
    return new EncryptedFile(this.engine, opened);
  }

  /** Opens a file and decrypts a part of it (`end` exclusive). */
  async openRange(source: Source, start: number, end: number, options: OpenOptions = {}): Promise<Uint8Array> {
    const file = await this.open(source, options);
    try {
      return await file.range(start, end, options);
    } finally {
      await file.close();
    }
  }

  /**
   * What a policy, or the policy of an envelope, says of an account now, condition by condition. Asks this
   * page's own endpoints and no node.
   */
  async explain(of: Policy | Source, account?: string, options: Abortable = {}): Promise<Explanation> {
    const { policy, item } = of instanceof Policy ? { policy: of, item: undefined } : await this.#policyOf(of, options);
    const value = { network: this.#network, policy: JSON.stringify(policy), item, account };
    return this.engine.peer.call<Explanation>('explain', value, options);
  }

  /**
   * Opens a folder: by its link (`stheno:collection/…`, `stheno:sale/…`), or by its encrypted manifest;
   * then `places` may have the pieces.
   */
  async openFolder(linkOrManifest: Source, options: OpenOptions & { places?: string[] } = {}): Promise<Folder> {
    const { signal, onEvent, places = [] } = options;
    const at = isLink(linkOrManifest) ? { link: linkOrManifest } : { source: toRangedWire(linkOrManifest, this.engine) };
    const value = { network: this.#network, places, ...at, ...this.#opening(options) };
    const folder = await this.engine.peer.call<FolderRecord>('folder', value, { signal, onEvent });
    const open = (path: string, again: OpenOptions) =>
      this.engine.peer.call<OpenedRecord>(
        'entry',
        { network: this.#network, folder: folder.folder, path, ...this.#opening({ ...options, ...again }) },
        { signal: again.signal, onEvent: again.onEvent },
      );
    return new Folder(this.engine, folder, open);
  }

  /**
   * What it takes for an account to read an envelope whose item is listed in the network's catalogue, or what
   * a sale link leads to. Everything that is told was compared with the chain.
   */
  async deal(source: Source, account: string, options: Abortable = {}): Promise<Deal> {
    const at = isLink(source) && source.startsWith('stheno:sale/') ? { link: source } : { source: toRangedWire(source, this.engine) };
    const value = { network: this.#network, account, ...at };
    const found = await this.engine.peer.call<ConstructorParameters<typeof Deal>[1]>('deal', value, options);
    return new Deal(this.engine, found);
  }

  /**
   * Pays: one transaction in FIL, two for a token that was not allowed before. Resolves when it is
   * mined; `open` then waits by itself until that is final.
   */
  async buy(
    deal: Deal,
    wallet: Wallet,
    options: { consent?: string; onEvent?(event: BuyEvent): void } & Abortable = {},
  ): Promise<{ hash: string }> {
    const { onEvent, signal } = options;
    await wallet.expectChain(this.chainId);
    const consent = options.consent ?? (await deal.consent(wallet));
    const steps = await deal.purchase(wallet.account, consent, signal);
    let hash: string | undefined;
    for (const [at, { to, value, data }] of steps.entries()) {
      signal?.throwIfAborted();
      onEvent?.({ kind: at + 1 < steps.length ? 'approving' : 'paying' });
      hash = await wallet.send({ to, value, data });
      onEvent?.({ kind: 'sent', hash });
      await wallet.mined(hash, signal);
      onEvent?.({ kind: 'mined', hash });
    }
    if (hash === undefined) throw failure('bad_argument', 'the account may read already', 'open it');
    return { hash };
  }

  /** Ends its worker, and with it every key and file that was opened here. */
  async close(): Promise<void> {
    await this.engine.stop();
  }

  #opening(options: OpenOptions): WireOpen {
    return {
      reader: readerToWire(options.reader, this),
      keys: options.keys,
      policy: options.policy && JSON.stringify(options.policy),
    };
  }

  async #policyOf(source: Source, options: Abortable): Promise<{ policy: object; item: string }> {
    const about = await this.engine.peer.call<Inspection>('inspect', toRangedWire(source, this.engine), options);
    for (const one of about.recipients) {
      if (one.kind === 'committee' && one.network === this.id && one.policy) {
        return { policy: one.policy.json, item: one.item };
      }
    }
    throw failure('policy_hidden', 'the envelope says no policy of this network', 'give the policy');
  }
}

async function networkText(file: string | object | URL, signal?: AbortSignal): Promise<string> {
  const isAddress = file instanceof URL || (typeof file === 'string' && !file.trimStart().startsWith('{'));
  if (!isAddress) return typeof file === 'string' ? file : JSON.stringify(file);
  const why = (what: string) =>
    failure('bad_network_file', `the network file at ${String(file)}: ${what}`, 'give its text, or another address');
  try {
    const response = await fetch(file as string | URL, { signal });
    if (!response.ok) throw why(`HTTP status ${response.status}`);
    return await response.text();
  } catch (error) {
    if (error instanceof TypeError) throw why(error.message);
    throw error;
  }
}
