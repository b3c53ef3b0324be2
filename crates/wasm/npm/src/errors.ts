/** What a node did when it was asked. */
export interface NodeReport {
  node: number;
  endpoint: string;
  /** Whether it gave its share. */
  shared: boolean;
  /** In words. */
  outcome: string;
}

/** A condition that stands in the way. */
export interface Reason {
  /** Where in the policy. */
  path: string;
  /** What is asked. */
  what: string;
  /** What was found. */
  found: string;
  /** What would help. */
  remedy: string;
}

/** A failure as it crosses from the worker. */
export interface FailureRecord {
  code: string;
  message: string;
  hint: string;
  denied: boolean;
  nodes?: NodeReport[];
  reasons?: Reason[];
}

/**
 * Every failure of this package, except that an abort is a `DOMException` called `AbortError`, as
 * everywhere on the web.
 */
export class SthenoError extends Error {
  /** Stable: one of the project's PROBLEMS.md, or one of this package's own, which stand in its README. */
  readonly code: string;
  /** What to do about it. */
  readonly hint: string;
  /** Whether the reader was refused: "you may not", not "something is wrong". */
  readonly denied: boolean;
  /** A line on each node, where nodes were asked. */
  readonly nodes?: NodeReport[];
  /** The conditions that do not hold, where nodes said so. */
  readonly reasons?: Reason[];

  constructor(failure: FailureRecord) {
    super(failure.message);
    this.name = 'SthenoError';
    this.code = failure.code;
    this.hint = failure.hint;
    this.denied = failure.denied;
    if (failure.nodes) this.nodes = failure.nodes;
    if (failure.reasons) this.reasons = failure.reasons;
  }
}

/** @internal */
export function failure(code: string, message: string, hint: string): SthenoError {
  return new SthenoError({ code, message, hint, denied: false });
}

/** A failure, or an abort, as it crosses. @internal */
export type Thrown = { failure: FailureRecord } | { abort: string } | { other: string };

/** @internal */
export function toThrown(error: unknown): Thrown {
  if (error instanceof SthenoError) {
    const { code, message, hint, denied, nodes, reasons } = error;
    return { failure: { code, message, hint, denied, nodes, reasons } };
  }
  if (isAbort(error)) return { abort: String((error as Error).message) };
  // What the bindings throw: a plain object with a code.
  const plain = error as Partial<FailureRecord> | undefined;
  if (plain && typeof plain === 'object' && typeof plain.code === 'string' && typeof plain.hint === 'string') {
    return { failure: { ...(plain as FailureRecord) } };
  }
  return { other: error instanceof Error ? `${error.name}: ${error.message}` : String(error) };
}

/** @internal */
export function fromThrown(thrown: Thrown): Error {
  if ('failure' in thrown) return new SthenoError(thrown.failure);
  if ('abort' in thrown) return new DOMException(thrown.abort, 'AbortError');
  return failure('internal', thrown.other, 'this is a fault of the package; please report it');
}

function isAbort(error: unknown): boolean {
  return typeof error === 'object' && error !== null && (error as Error).name === 'AbortError';
}
