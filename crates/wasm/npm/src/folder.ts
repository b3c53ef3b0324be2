import type { Engine } from './engine.js';
import { EncryptedFile, type OpenedRecord } from './file.js';
import type { FolderEntry, OpenOptions } from './types.js';

/** @internal */
export interface FolderRecord {
  folder: number;
  entries: FolderEntry[];
}

/** An encrypted folder whose manifest was opened. */
export class Folder {
  /** Its files. Whoever wrote the folder chose their names: show them as text. */
  readonly entries: readonly FolderEntry[];
  readonly #engine: Engine;
  readonly #folder: number;
  readonly #open: (path: string, options: OpenOptions) => Promise<OpenedRecord>;

  /** @internal */
  constructor(engine: Engine, folder: FolderRecord, open: (path: string, options: OpenOptions) => Promise<OpenedRecord>) {
    this.#engine = engine;
    this.#folder = folder.folder;
    this.#open = open;
    this.entries = folder.entries;
  }

  /** Opens one of its files, by default for the reader that opened the folder. */
  async file(path: string, options: OpenOptions = {}): Promise<EncryptedFile> {
    return new EncryptedFile(this.#engine, await this.#open(path, options));
  }

  /** Forgets it. */
  async close(): Promise<void> {
    await this.#engine.peer.call('release', this.#folder);
  }
}
