/**
 * Whatever holds bytes. An address (a string or a URL) is read by Range requests, and so is a
 * `stheno:file/` link; a `Blob` or `File` in parts; a `ReadableStream` once, in order, so that no
 * ranges of it can be had.
 */
export type Source = string | URL | Blob | ArrayBuffer | Uint8Array | ReadableStream<Uint8Array>;

export interface Abortable {
  signal?: AbortSignal;
}

/** Bytes of plaintext, so far and in all. */
export interface Progress {
  done: number;
  total?: number;
}

/** What is going on while nodes are asked. */
export type ReadEvent =
  | { kind: 'asking'; network: string; nodes: number; threshold: number }
  | {
      kind: 'waiting';
      /** In a node's words. */
      why: string;
      /** Until they are asked again. */
      seconds: number;
      /** How many more blocks have to be final, where that is what is waited for. */
      blocks?: number;
    }
  | { kind: 'opened'; nodes: import('./errors.js').NodeReport[] };

export type Cipher = 'aes-256-gcm' | 'chacha20-poly1305' | 'aes-256-gcm-whole';

export interface EncryptOptions extends Abortable {
  /** `aes-256-gcm` by default, which WebCrypto does; `chacha20-poly1305` runs in WebAssembly. */
  cipher?: Cipher;
  /** The item, `0x` and 64 hex digits; a fresh one by default. Who may read one file of an item can read
   * all of them. */
  item?: string;
  /** Keeps the policy out of the envelope; a reader then has to bring it. */
  hidePolicy?: boolean;
  /** Public keys (`stheno1…`) that open without any network: the way out if every network ends. */
  alsoTo?: string[];
  /** Stored in the clear beside the file, for everybody to read and to change. */
  metadata?: { name?: string; type?: string };
  /** Plaintext bytes a chunk, 4 KiB to 16 MiB; 256 KiB by default. */
  chunkSize?: number;
  onProgress?(progress: Progress): void;
}

/** An envelope that is being written. */
export interface Encrypting {
  /** The envelope. It is written as fast as it is read. */
  readonly stream: ReadableStream<Uint8Array>;
  /** What the file is sealed to; absent without a network. */
  readonly item?: string;
  /** The policy's digest; absent without a network. */
  readonly policy?: string;
  /** The network's id; absent without one. */
  readonly network?: string;
  /** Bytes of the envelope, where those of the input are known. */
  readonly size?: number;
  /** When all of it was read. Rejects as the stream errs. */
  readonly done: Promise<{ plaintextBytes: number; envelopeBytes: number }>;
}

export interface OpenOptions extends Abortable {
  /** Who asks. Without one, only policies that ask nothing about the reader can be met. */
  reader?: import('./readers.js').Reader;
  /** Secret keys of one's own as texts: tried first, nobody is asked. */
  keys?: string[];
  /** The policy of an envelope that says only its digest. */
  policy?: import('./policy.js').Policy;
  onEvent?(event: ReadEvent): void;
}

/** A recipient of an envelope. */
export type Recipient =
  | {
      kind: 'committee';
      network: string;
      chainId: number;
      contract: string;
      committeeId: string;
      item: string;
      policyDigest: string;
      /** Absent where the envelope hides it. */
      policy?: PolicyFacts;
    }
  | { kind: 'x25519' | 'aes256kw' | 'other'; words: string };

/** A policy, told. */
export interface PolicyFacts {
  digest: string;
  needsAccount: boolean;
  /** Whether it asks for proofs in zero knowledge. */
  private: boolean;
  chains: number[];
  contracts: { chainId: number; contract: string }[];
  /** The canonical JSON. */
  json: object;
  /** The stored form, in hex. */
  cbor: string;
  /** One line to a condition. */
  words: string;
}

/** What an envelope's header says. Nobody has authenticated it. */
export interface Inspection {
  cipher: Cipher;
  chunkSize: number;
  headerBytes: number;
  envelopeBytes?: number;
  /** What the size that the storage reports would make. */
  plaintextBytes?: number;
  /** Anybody's text: show it as text. */
  metadata: Record<string, string>;
  recipients: Recipient[];
}

/** What a policy says of an account now, by this page's own endpoints. */
export interface Explanation {
  /** `null`: it cannot be told. */
  granted: boolean | null;
  /** At the final blocks. */
  tree: ExplainedRule;
  /** At the heads: what was sold or revoked a minute ago. */
  now: ExplainedRule;
}

export interface ExplainedRule {
  rule: string;
  truth: 'true' | 'false' | 'unknown';
  path?: string;
  what?: string;
  found?: string;
  remedy?: string;
  of: ExplainedRule[];
}

/** What it takes to read. */
export interface DealFacts {
  /** The seller's words. */
  title: string;
  seller: string;
  /** Whether the account may read already; then there is no price. */
  mayRead: boolean;
  price?: {
    /** For people: `5 usdfc`. */
    amount: string;
    /** The token's contract; the zero address for FIL. */
    token: string;
    units: string;
  };
  /** Absent: for good. */
  lastsSeconds?: number;
  soldBy: string;
  /** What the network file calls the contract that sells. Absent: it does not name it. */
  soldByKnownAs?: string;
  /** SHA-256 of the text that a buyer accepts. */
  licence?: string;
  /** Whether the policy asks for more than was paid for. */
  asksForMore: boolean;
}

/** What a session may ask for; one thing at least. */
export interface Scope {
  /** Digests, `0x…`. */
  policies?: string[];
  /** Items, `0x…`. */
  items?: string[];
  /** Contracts on the network's chain whose policies may be asked under. */
  contracts?: string[];
}

export interface FolderEntry {
  path: string;
  size: number;
  type?: string;
  /** Unix seconds. */
  modified?: number;
}
