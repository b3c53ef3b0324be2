// What the worker does when the page asks. It holds everything by number: handles of the WebAssembly
// never leave, and with them no key.

import { failure, SthenoError } from './errors.js';
import { after, ahead, blobReader, bytesReader, Queue, streamReader, type Pull } from './feeds.js';
import { Holdings } from './holdings.js';
import { kept, type KeptSession } from './kept.js';
import { Peer, type Answer, type Context, type Handlers, type Port } from './peer.js';
import * as wasm from './wasm.js';
import type { Scope } from './types.js';

/** A source as it crosses. @internal */
export type WireSource =
  | { kind: 'address'; address: string }
  | { kind: 'blob'; blob: Blob }
  | { kind: 'bytes'; bytes: Uint8Array }
  | { kind: 'stream'; stream: number };

/** A reader as it crosses. @internal */
export type WireReader =
  | { kind: 'wallet'; account: string; signer: number }
  | { kind: 'session'; session: number }
  | { kind: 'prover'; prover: number };

/** What is asked with everything that opens. @internal */
export interface WireOpen {
  reader?: WireReader;
  keys?: string[];
  policy?: string;
}

/** An envelope that was found, and what follows its header where it is a stream. */
interface Found {
  envelope: wasm.Envelope;
  body?: Pull;
}

/** Answers to a page. @internal */
export function serve(port: Port): void {
  const host = new Host();
  host.peer = new Peer(port, host.handlers());
}

class Host {
  peer!: Peer;
  #held = new Holdings();

  handlers(): Handlers {
    const guarded = <V>(work: (value: V, context: Context) => Promise<Answer | void>) => {
      return async (value: V, context: Context) => {
        await wasm.load();
        return work(value, context);
      };
    };
    return {
      load: guarded(async () => ({ value: wasm.version() })),
      release: (id: number) => this.#held.release(id),
      end: () => this.#held.releaseAll(),
      readPolicy: guarded(async (text: string) => ({ value: wasm.readPolicy(text) })),
      decodePolicy: guarded(async (cbor: Uint8Array) => ({ value: wasm.decodePolicy(cbor) })),
      connect: guarded(async ({ file, rpc }: { file: string; rpc: string[] }, { signal }) => {
        const network = await wasm.NetworkClient.connect(file, rpc, aborted(signal));
        return { value: { network: this.#held.add(network), about: network.about() } };
      }),
      inspect: guarded(async (source: WireSource, { signal }) => {
        const { envelope } = await this.#locate(source, signal);
        return { value: envelope.inspect() };
      }),
      pieceCid: guarded(async (source: WireSource, { signal, tell }) => {
        const pull = await this.#pull(source, signal);
        const hash = new wasm.PieceHash();
        let done = 0;
        for (let part; (part = await pull()); tell({ done })) {
          signal.throwIfAborted();
          hash.update(part);
          done += part.length;
        }
        return { value: { pieceCid: hash.finish(), size: done } };
      }),
      seal: guarded((value: { network?: number; policy: string; keys: string[]; options: string }) => this.#seal(value)),
      write: guarded((value: { sealing: number; source: WireSource }, context) => this.#write(value, context)),
      take: guarded(async (queue: number) => moved(await this.#held.get<Queue>(queue).take())),
      open: guarded((value: { network?: number; source: WireSource } & WireOpen, context) => this.#open(value, context)),
      size: guarded(async (file: number, { signal }) => ({
        value: await this.#held.using(file, (file: wasm.OpenedFile) => file.size(aborted(signal))),
      })),
      range: guarded(async ({ file, start, end }: { file: number; start: number; end: number }, { signal }) => {
        const parts = await this.#held.using(file, (file: wasm.OpenedFile) => file.stream(start, end, aborted(signal)));
        return { value: this.#held.add(parts) };
      }),
      next: guarded(async (parts: number, { signal }) =>
        moved(await this.#held.using(parts, (parts: wasm.RangeStream) => parts.next(aborted(signal)) as Promise<Uint8Array[] | undefined>)),
      ),
      decrypt: guarded((value: { network?: number; source: WireSource } & WireOpen, context) => this.#decrypt(value, context)),
      explain: guarded(
        async (value: { network: number; policy: string; item?: string; account?: string }, { signal }) => ({
          value: await this.#held.using(value.network, (network: wasm.NetworkClient) =>
            network.explain(value.policy, value.item, value.account, aborted(signal)),
          ),
        }),
      ),
      folder: guarded((value: { network: number; link?: string; source?: WireSource; places: string[] } & WireOpen, context) =>
        this.#folder(value, context),
      ),
      entry: guarded((value: { network: number; folder: number; path: string } & WireOpen, context) =>
        this.#entry(value, context),
      ),
      deal: guarded(async (value: { network: number; link?: string; source?: WireSource; account: string }, { signal }) => {
        const deal = await this.#held.using(value.network, async (network: wasm.NetworkClient) =>
          value.link
            ? network.dealOfLink(value.link, value.account, aborted(signal))
            : network.deal((await this.#locate(value.source!, signal)).envelope, value.account, aborted(signal)),
        );
        return { value: { deal: this.#held.add(deal), facts: deal.told } };
      }),
      acceptance: guarded(async (value: { deal: number; text: Uint8Array }, { signal }) => ({
        value: await this.#held.using(value.deal, (deal: wasm.FoundDeal) => deal.acceptance(value.text, aborted(signal))),
      })),
      purchase: guarded(async (value: { deal: number; payer: string; consent?: string }, { signal }) => ({
        value: await this.#held.using(value.deal, (deal: wasm.FoundDeal) => deal.purchase(value.payer, value.consent, aborted(signal))),
      })),
      draftSession: guarded(async (terms: string) => this.#draft(terms)),
      signedSession: guarded(
        async (value: { draft: number; signature: string; chain: number; remember: boolean }) => this.#signed(value),
      ),
      keptSession: guarded(async (value: { network: string; account?: string; scope: Required<Scope> }) =>
        this.#kept(value),
      ),
      endSession: async ({ session, id }: { session: number; id: string }) => {
        this.#held.get(session);
        this.#held.release(session);
        await kept.remove(id);
      },
    };
  }

  /** Reads an envelope's header. */
  async #locate(source: WireSource, signal: AbortSignal): Promise<Found> {
    switch (source.kind) {
      case 'address':
        return { envelope: await wasm.Envelope.ofAddress(source.address, aborted(signal)) };
      case 'blob':
        return { envelope: await wasm.Envelope.ofBlob(source.blob, aborted(signal)) };
      case 'bytes':
        return { envelope: await wasm.Envelope.ofBytes(source.bytes) };
      case 'stream':
        return this.#locateInStream(this.#puller(source.stream));
    }
  }

  async #locateInStream(pull: Pull): Promise<Found> {
    let start = new Uint8Array(0);
    for (;;) {
      const part = await pull();
      if (part) {
        const longer = new Uint8Array(start.length + part.length);
        longer.set(start);
        longer.set(part, start.length);
        start = longer;
      }
      const envelope = wasm.Envelope.ofStart(start, part === undefined);
      if (envelope) return { envelope, body: after(start.subarray(envelope.headerBytes), pull) };
    }
  }

  #puller(stream: number): Pull {
    const back: ArrayBuffer[] = [];
    const next = ahead(() => {
      const transfer = back.splice(0);
      return this.peer.call<Uint8Array | undefined>('pull', { id: stream, back: transfer }, { transfer });
    });
    return (done = []) => {
      back.push(...done);
      return next();
    };
  }

  /** Reads a source in order. */
  async #pull(source: WireSource, signal: AbortSignal): Promise<Pull> {
    switch (source.kind) {
      case 'address':
        return streamReader(await fetched(source.address, signal));
      case 'blob':
        return blobReader(source.blob);
      case 'bytes':
        return bytesReader(source.bytes);
      case 'stream':
        return this.#puller(source.stream);
    }
  }

  async #seal(value: { network?: number; policy: string; keys: string[]; options: string }): Promise<Answer> {
    const sealing =
      value.network === undefined
        ? wasm.Sealing.toKeys(value.keys, value.options)
        : this.#held.get<wasm.NetworkClient>(value.network).seal(value.policy, value.options);
    return { value: { sealing: this.#held.add(sealing), facts: sealing.facts } };
  }

  /** Writes an envelope; tells the number of the queue that it comes from, and resolves when it is done. */
  async #write(value: { sealing: number; source: WireSource }, { signal, tell }: Context): Promise<Answer> {
    const sealing = this.#held.take<wasm.Sealing>(value.sealing);
    const pull = await this.#pull(value.source, signal);
    let done = 0;
    const counted: Pull = async (back) => {
      const part = await pull(back);
      if (part) tell({ done: (done += part.length) });
      return part;
    };
    return this.#queued(tell, (queue) => sealing.write(counted, (parts: Uint8Array[]) => queue.push(parts), aborted(signal)));
  }

  async #queued(tell: Context['tell'], work: (queue: Queue) => Promise<unknown>): Promise<Answer> {
    const queue = new Queue();
    const id = this.#held.add(queue);
    tell({ queue: id });
    try {
      const value = await work(queue);
      queue.end();
      return { value };
    } catch (error) {
      queue.fail(error);
      throw error;
    }
  }

  async #openFound(found: Found, value: { network?: number } & WireOpen, context: Context): Promise<wasm.OpenedFile> {
    if (value.network === undefined) return wasm.OpenedFile.withKeys(found.envelope, value.keys ?? []);
    return this.#held.using(value.network, (network: wasm.NetworkClient) =>
      this.#asking(value.reader, context.signal, (reader) =>
        network.open(found.envelope, reader, value.keys ?? [], value.policy, context.tell, aborted(context.signal)),
      ),
    );
  }

  async #open(value: { network?: number; source: WireSource } & WireOpen, context: Context): Promise<Answer> {
    const found = await this.#locate(value.source, context.signal);
    return this.#keep(await this.#openFound(found, value, context), context.signal);
  }

  /** A file for the page to read parts of, once its end has authenticated. */
  async #keep(file: wasm.OpenedFile, signal: AbortSignal): Promise<Answer> {
    try {
      const size = await file.size(aborted(signal));
      return { value: { file: this.#held.add(file), size, about: file.inspect() } };
    } catch (error) {
      file.free();
      throw error;
    }
  }

  /** The whole of a file, in order. */
  async #decrypt(value: { network?: number; source: WireSource } & WireOpen, context: Context): Promise<Answer> {
    const { signal, tell } = context;
    let found: Found;
    try {
      found = await this.#locate(value.source, signal);
    } catch (error) {
      if (value.source.kind !== 'address' || (error as { code?: string }).code !== 'ranges_not_served') throw error;
      // Any server will do for the whole.
      found = await this.#locateInStream(streamReader(await fetched(value.source.address, signal)));
    }
    const file = await this.#openFound(found, value, context);
    return this.#queued(tell, async (queue) => {
      try {
        if (found.body) return await file.decrypt(found.body, (parts: Uint8Array[]) => queue.push(parts), aborted(signal));
        const size = await file.size(aborted(signal));
        tell({ size });
        const parts = await file.stream(0, size, aborted(signal));
        for (let next; (next = await parts.next(aborted(signal))); ) await queue.push(next as Uint8Array[]);
        return size;
      } finally {
        file.free();
      }
    });
  }

  async #folder(
    value: { network: number; link?: string; source?: WireSource; places: string[] } & WireOpen,
    { signal, tell }: Context,
  ): Promise<Answer> {
    const folder = await this.#held.using(value.network, (network: wasm.NetworkClient) =>
      this.#asking(value.reader, signal, async (reader) => {
        if (value.link) return network.followFolder(value.link, reader, value.keys ?? [], tell, aborted(signal));
        const { envelope } = await this.#locate(value.source!, signal);
        return network.openFolder(envelope, value.places, reader, value.keys ?? [], tell, aborted(signal));
      }),
    );
    return { value: { folder: this.#held.add(folder), entries: folder.entries } };
  }

  async #entry(
    value: { network: number; folder: number; path: string } & WireOpen,
    { signal, tell }: Context,
  ): Promise<Answer> {
    const file = await this.#held.using(value.network, (network: wasm.NetworkClient) =>
      this.#held.using(value.folder, (folder: wasm.OpenedFolder) =>
        this.#asking(value.reader, signal, (reader) =>
          network.openEntry(folder, value.path, reader, value.keys ?? [], tell, aborted(signal)),
        ),
      ),
    );
    return this.#keep(file, signal);
  }

  /** Gives a reader to work that asks; what a wallet or a prover said is told as it said it. */
  async #asking<T>(
    reader: WireReader | undefined,
    signal: AbortSignal,
    work: (reader?: wasm.AskingReader) => Promise<T>,
  ): Promise<T> {
    if (!reader) return work(undefined);
    if (reader.kind === 'session') return work(this.#held.get<wasm.AskingReader>(reader.session).share());
    const refusals: SthenoError[] = [];
    const asked = async <V>(name: string, value: object) => {
      try {
        return await this.peer.call<V>(name, value, { signal });
      } catch (error) {
        if (error instanceof SthenoError) refusals.push(error);
        throw error;
      }
    };
    const sign = (typedData: string) => asked<string>('sign', { signer: (reader as { signer: number }).signer, typedData });
    const prove = (step: string, task: string) => asked('proof', { prover: (reader as { prover: number }).prover, step, task });
    const asking = reader.kind === 'wallet' ? wasm.AskingReader.ofWallet(reader.account, sign) : wasm.AskingReader.ofProver(prove);
    try {
      return await work(asking);
    } catch (error) {
      // One proof may fail and another do: of proofs it is the reason only where the error says so.
      const [refusal, ...more] = refusals;
      const isReason = reader.kind === 'wallet' || [refusal?.code, 'proving_stopped'].includes((error as { code?: string }).code);
      if (!isReason || !refusal) throw error;
      // Of several conditions the error says of each why it could not be proven.
      const { code, hint, denied } = refusal;
      throw more.length && reader.kind === 'prover' ? new SthenoError({ code, hint, denied, message: (error as SthenoError).message }) : refusal;
    }
  }

  async #draft(terms: string): Promise<Answer> {
    const key = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify']);
    const draft = new wasm.DraftSession(terms, await publicBytes(key));
    return { value: { draft: this.#held.add({ draft, key }), message: draft.message } };
  }

  async #signed(value: { draft: number; signature: string; chain: number; remember: boolean }): Promise<Answer> {
    const { draft, key } = this.#held.take<{ draft: wasm.DraftSession; key: CryptoKeyPair }>(value.draft);
    const { account, network, scope, expiresAt } = draft.terms as {
      account: string;
      network: string;
      scope: WireScope;
      expiresAt: number;
    };
    const session: KeptSession = {
      id: crypto.randomUUID(),
      network,
      account,
      chain: value.chain,
      message: draft.message,
      signature: value.signature,
      key,
      scope: fromWire(scope),
      expiresAt,
    };
    const reader = draft.signed(value.signature, signer(key));
    if (value.remember) await kept.put(session);
    return { value: this.#told(session, reader) };
  }

  async #kept(value: { network: string; account?: string; scope: Required<Scope> }): Promise<Answer> {
    const now = Math.floor(Date.now() / 1000);
    const fits = (session: KeptSession) =>
      session.network === value.network &&
      (value.account === undefined || session.account.toLowerCase() === value.account.toLowerCase()) &&
      covers(session.scope, value.scope);
    const session = (await kept.all(now)).filter(fits).sort((a, b) => b.expiresAt - a.expiresAt)[0];
    if (!session) return {};
    const draft = wasm.DraftSession.kept(session.account, session.chain, session.message, await publicBytes(session.key));
    const reader = draft.signed(session.signature, signer(session.key));
    return { value: this.#told(session, reader) };
  }

  #told(session: KeptSession, reader: wasm.AskingReader): object {
    const { id, account, scope, expiresAt } = session;
    return { session: this.#held.add(reader), id, account, scope, expiresAt };
  }
}

/** A scope as the message has it. */
interface WireScope {
  policies: string[];
  items: string[];
  contracts: { chainId: number; contract: string }[];
}

function fromWire(scope: WireScope): Required<Scope> {
  return {
    policies: scope.policies,
    items: scope.items,
    contracts: scope.contracts.map(({ contract }) => contract),
  };
}

/** Whether a session for `wide` may ask for all of `narrow`. */
function covers(wide: Required<Scope>, narrow: Required<Scope>): boolean {
  const has = (all: string[], some: string[]) => {
    const known = new Set(all.map((one) => one.toLowerCase()));
    return some.every((one) => known.has(one.toLowerCase()));
  };
  const items = wide.items.length === 0 || (narrow.items.length > 0 && has(wide.items, narrow.items));
  const policies =
    wide.policies.length + wide.contracts.length === 0 ||
    (narrow.policies.length + narrow.contracts.length > 0 &&
      has(wide.policies, narrow.policies) &&
      has(wide.contracts, narrow.contracts));
  return items && policies;
}

async function publicBytes(key: CryptoKeyPair): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.exportKey('raw', key.publicKey));
}

function signer(key: CryptoKeyPair): (digest: Uint8Array<ArrayBuffer>) => Promise<Uint8Array> {
  return async (digest) =>
    new Uint8Array(await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, key.privateKey, digest));
}

/** A promise that rejects when the page gives up. */
function aborted(signal: AbortSignal): Promise<never> {
  const promise = new Promise<never>((_, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
  promise.catch(() => undefined);
  return promise;
}

function moved(parts: Uint8Array[] | undefined): Answer {
  return parts ? { value: parts, transfer: parts.map((part) => part.buffer as ArrayBuffer) } : {};
}

/** The whole of what lies at an address. */
async function fetched(address: string, signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
  const unreachable = (why: string) =>
    failure('source_unreachable', `${address}: ${why}`, 'check the address; its server must allow this page (CORS)');
  let response: Response;
  try {
    response = await fetch(address, { signal, credentials: 'omit' });
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw unreachable((error as Error).message);
  }
  if (!response.ok || !response.body) throw unreachable(`HTTP status ${response.status}`);
  return response.body;
}

