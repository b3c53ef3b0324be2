import type { Scope } from './types.js';

/** A session as IndexedDB keeps it. The key is WebCrypto's: no script can read it. @internal */
export interface KeptSession {
  id: string;
  network: string;
  account: string;
  chain: number;
  message: string;
  signature: string;
  key: CryptoKeyPair;
  scope: Required<Scope>;
  /** Unix seconds. */
  expiresAt: number;
}

const STORE = 'sessions';

/** Sessions that outlive the page. Where the browser keeps nothing, nothing is kept. @internal */
export const kept = {
  async put(session: KeptSession): Promise<boolean> {
    return (await inStore('readwrite', (store) => store.put(session))) !== undefined;
  },
  async remove(id: string): Promise<void> {
    await inStore('readwrite', (store) => store.delete(id));
  },
  /** Those that have not expired; the others are removed. */
  async all(now: number): Promise<KeptSession[]> {
    const all = (await inStore<KeptSession[]>('readonly', (store) => store.getAll())) ?? [];
    for (const old of all.filter((session) => session.expiresAt <= now)) await kept.remove(old.id);
    return all.filter((session) => session.expiresAt > now);
  },
};

async function inStore<T>(
  mode: IDBTransactionMode,
  work: (store: IDBObjectStore) => IDBRequest,
): Promise<T | undefined> {
  if (typeof indexedDB === 'undefined') return undefined;
  try {
    const base = await settled<IDBDatabase>(opened());
    try {
      return await settled<T>(work(base.transaction(STORE, mode).objectStore(STORE)));
    } finally {
      base.close();
    }
  } catch {
    // Private windows refuse; a session then lasts as long as its page.
    return undefined;
  }
}

function opened(): IDBOpenDBRequest {
  const request = indexedDB.open('stheno', 1);
  request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: 'id' });
  return request;
}

function settled<T>(request: IDBRequest): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result as T);
    request.onerror = () => reject(request.error ?? new Error('IndexedDB failed'));
  });
}
