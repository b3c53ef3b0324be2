import { failure } from '../errors.js';
import { instantiate } from '../instantiate.js';
import init from '../wasm/prover.js';

export { Key, KnownGroup, Member, Statement, version } from '../wasm/prover.js';

let loaded: ReturnType<typeof init> | undefined;
let spoiled = false;

/** It trapped: nothing of it may be used again. @internal */
export function spoil(): void {
  spoiled = true;
}

/** Fetches and instantiates the WebAssembly, once; gives its memory. @internal */
export async function load(): Promise<WebAssembly.Memory> {
  if (spoiled) throw failure('prover_failed', 'the module that proves failed before', 'reload the page, or start the program again');
  loaded ??= instantiate(init, new URL('../wasm/prover_bg.wasm', import.meta.url));
  try {
    return (await loaded).memory;
  } catch (error) {
    // What was not to be had may be there the next time.
    loaded = undefined;
    if (error instanceof RangeError) throw error;
    throw failure(
      'prover_not_loaded',
      `the module that proves cannot be loaded: ${(error as Error).message}`,
      "serve the package's wasm/prover_bg.wasm with its scripts, and allow 'wasm-unsafe-eval' in script-src",
    );
  }
}
