// What a page has a number of: handles of the WebAssembly stay in the worker. @internal

import { failure } from './errors.js';

interface Held {
  value: unknown;
  /** How much works with it. */
  users: number;
  released: boolean;
}

/** Things by number, freed when they are released and nothing works with them any more. @internal */
export class Holdings {
  #held = new Map<number, Held>();
  #next = 1;

  add(value: unknown): number {
    const id = this.#next++;
    this.#held.set(id, { value, users: 0, released: false });
    return id;
  }

  /** For what is done at once; else `using`. */
  get<T>(id: number): T {
    return this.#find(id).value as T;
  }

  /** The same, for who uses it up: it is held no longer, and not freed. */
  take<T>(id: number): T {
    const value = this.get<T>(id);
    this.#held.delete(id);
    return value;
  }

  /** Works with it: what is released meanwhile is freed, and its keys wiped, when nothing works with it any more. */
  async using<T, V>(id: number, work: (value: T) => Promise<V>): Promise<V> {
    const held = this.#find(id);
    held.users++;
    try {
      return await work(held.value as T);
    } finally {
      held.users--;
      free(held);
    }
  }

  release(id: number): void {
    const held = this.#held.get(id);
    this.#held.delete(id);
    if (!held) return;
    held.released = true;
    free(held);
  }

  releaseAll(): void {
    for (const id of [...this.#held.keys()]) this.release(id);
  }

  #find(id: number): Held {
    const held = this.#held.get(id);
    if (!held) throw failure('closed', 'it was closed', 'open it again');
    return held;
  }
}

function free({ value, users, released }: Held): void {
  if (released && users === 0) (value as { free?: () => void }).free?.();
}
