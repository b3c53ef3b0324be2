// The language of policies, typed. What is built here is checked by `Policy.parse`.

/** `0x` and 40 hex digits. */
export type Hex = string;
/** An integer, in a string where it is large. */
export type Integer = number | string | bigint;
/** `final` (the default) or a number of confirmations, as the policy language has it. */
export type Finality = string | number | object;

/** A condition, or a combination of some: an object with one key. */
export type Rule =
  | { all: Rule[] }
  | { any: Rule[] }
  | { at_least: { k: number; of: Rule[] } }
  | { not: Rule }
  | { call: CallLeaf }
  | { token: TokenLeaf }
  | { balance: { chain: number; min: string; finality?: Finality } }
  | { time: { chain: number; after?: string | number; before?: string | number; finality?: Finality } }
  | { address: { in: Hex[]; chain?: number } }
  | { allowlist: { root: string; proof: string; chain?: number } }
  | { subscription: { chain: number; contract: Hex; token: string; finality?: Finality } }
  | { storage: StorageLeaf }
  | { grant: { chain: number; registry: Hex; context?: string; finality?: Finality } }
  | { zk: ZkLeaf };

export interface CallLeaf {
  chain: number;
  to: Hex;
  /** As Solidity declares it, with names for what it returns. */
  function: string;
  args?: unknown[];
  /** What must hold of what it returns. */
  returns: object;
  finality?: Finality;
}

export interface TokenLeaf {
  chain: number;
  standard: 'erc20' | 'erc721' | 'erc1155';
  contract: Hex;
  min?: string;
  ids?: string[];
  finality?: Finality;
}

export interface StorageLeaf {
  chain: number;
  verifier?: Hex;
  dataSet: string;
  provenWithin?: number;
  paid?: object;
  finality?: Finality;
}

/** A private condition, as the policy language has it. */
export type ZkLeaf = {
  /** What is proven, and its version: `membership-20-v1`, `credential-20-v1`; the number is the depth of the group's tree. */
  circuit: string;
  /** The verifying key: SHA-256 of its file, `0x…`. */
  key: string;
  /** The name under which the proof is sent, `:name`; each private condition of a policy has one of its own. */
  proof: string;
  /** Of a credential: what is asked of each of up to four attributes in turn; `{}` for nothing. */
  attributes?: AttributeRange[];
  /** Seconds for which a member's nullifier stays the same; for ever without. */
  period?: number;
} & PrivateGroup;

/** A group: by its root, and then it never changes; or by a contract that keeps its root. */
export type PrivateGroup =
  | { root: string; chain?: undefined; group?: undefined; finality?: undefined }
  | { root?: undefined; chain: number; group: Hex; finality?: Finality };

/** Whole numbers of 64 bits, ends included. */
export type AttributeRange = { '=='?: Integer; '>='?: undefined; '<='?: undefined } | { '=='?: undefined; '>='?: Integer; '<='?: Integer };

/** A policy's JSON. */
export interface PolicyJson {
  version: 1;
  salt?: string;
  rule: Rule;
}

const text = (value: Integer) => String(value);

/** Conditions and their combinations, one function each. */
export const rules = {
  /** All hold. */
  all: (...all: Rule[]): Rule => ({ all }),
  /** At least one holds. */
  any: (...any: Rule[]): Rule => ({ any }),
  /** At least `k` hold. */
  atLeast: (k: number, ...of: Rule[]): Rule => ({ at_least: { k, of } }),
  /** It does not hold. */
  not: (rule: Rule): Rule => ({ not: rule }),
  /** A contract's view function returns what is wanted. */
  call: (leaf: CallLeaf): Rule => ({ call: leaf }),
  /** The reader has at least `min` (by default 1) of a token (ERC-20), in its smallest unit. */
  erc20: (leaf: { chain: number; contract: Hex; min?: Integer; finality?: Finality }): Rule => token('erc20', leaf),
  /** The reader has one of a collection (ERC-721), or `min` of it. */
  erc721: (leaf: { chain: number; contract: Hex; min?: Integer; ids?: Integer[]; finality?: Finality }): Rule =>
    token('erc721', leaf),
  /** The reader has some of these ids (ERC-1155). */
  erc1155: (leaf: { chain: number; contract: Hex; min?: Integer; ids: Integer[]; finality?: Finality }): Rule =>
    token('erc1155', leaf),
  /** The reader has at least so much FIL, in attoFIL. */
  balance: (leaf: { chain: number; min: Integer; finality?: Finality }): Rule => ({
    balance: { ...leaf, min: text(leaf.min) },
  }),
  /** The chain's clock is at or after, or before: Unix seconds or a date with its zone. */
  time: (leaf: { chain: number; after?: string | number; before?: string | number; finality?: Finality }): Rule => ({
    time: leaf,
  }),
  /** The reader is one of these. */
  address: (...addresses: Hex[]): Rule => ({ address: { in: addresses } }),
  /** The reader is in a list of which the policy has the Merkle root; the reader brings the proof. */
  allowlist: (leaf: { root: string; proof: string; chain?: number }): Rule => ({ allowlist: leaf }),
  /** The reader's subscription (ERC-5643) has not run out. */
  subscription: (leaf: { chain: number; contract: Hex; token: Integer; finality?: Finality }): Rule => ({
    subscription: { ...leaf, token: text(leaf.token) },
  }),
  /** A data set is proven to be stored, or paid for. */
  storage: (leaf: StorageLeaf): Rule => ({ storage: leaf }),
  /** An on-chain registry lets the reader read the item. */
  grant: (leaf: { chain: number; registry: Hex; context?: string; finality?: Finality }): Rule => ({ grant: leaf }),
  /**
   * The reader proves in zero knowledge to be in a group, or to hold a credential of it within bounds, and shows no
   * account (`PrivateReader` of `@stheno/web/prover`). The proof is sent as `:member` unless `proof` says otherwise.
   *
   * ```js
   * rules.zk({ circuit: 'membership-20-v1', key: '0x…', root: '0x…' })
   * rules.zk({ circuit: 'credential-20-v1', key: '0x…', chain: 314, group: '0x…', attributes: [{ '>=': 18 }] })
   * ```
   */
  zk: (leaf: Omit<ZkLeaf, 'proof' | keyof PrivateGroup> & { proof?: string } & PrivateGroup): Rule => {
    const { attributes, proof = ':member', ...rest } = leaf;
    const ranges = attributes && { attributes: attributes.map((range) => eachText(range)) };
    return { zk: { ...rest, proof, ...ranges } as ZkLeaf };
  },
  /** A whole policy, for `Policy.parse` and `encrypt`. */
  policy: (rule: Rule, salt?: string): PolicyJson => ({ version: 1, ...(salt ? { salt } : {}), rule }),
};

/** The same with integers as text, since JSON has none of 64 bits. */
function eachText(range: AttributeRange): AttributeRange {
  const ends = Object.entries(range).filter(([, end]) => end !== undefined);
  return Object.fromEntries(ends.map(([comparison, end]) => [comparison, text(end as Integer)]));
}

function token(
  standard: TokenLeaf['standard'],
  leaf: { chain: number; contract: Hex; min?: Integer; ids?: Integer[]; finality?: Finality },
): Rule {
  const { min, ids, ...rest } = leaf;
  return {
    token: {
      ...rest,
      standard,
      ...(min === undefined ? {} : { min: text(min) }),
      ...(ids === undefined ? {} : { ids: ids.map(text) }),
    },
  };
}
