import { instantiate } from './instantiate.js';
import init from './wasm/stheno.js';

export * from './wasm/stheno.js';

let loaded: Promise<unknown> | undefined;

/** Fetches and instantiates the WebAssembly, once. @internal */
export async function load(): Promise<void> {
  loaded ??= instantiate(init, new URL('./wasm/stheno_bg.wasm', import.meta.url));
  await loaded;
}
