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
  | { grant: { chain: number; registry: Hex; context?: string; finality?: Finality } };

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
  /** A whole policy, for `Policy.parse` and `encrypt`. */
  policy: (rule: Rule, salt?: string): PolicyJson => ({ version: 1, ...(salt ? { salt } : {}), rule }),
};

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
