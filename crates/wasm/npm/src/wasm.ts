import init from './wasm/stheno.js';

export * from './wasm/stheno.js';

let loaded: Promise<void> | undefined;

/** Fetches and instantiates the WebAssembly, once. @internal */
export function load(): Promise<void> {
  loaded ??= instantiate();
  return loaded;
}

async function instantiate(): Promise<void> {
  const url = new URL('./wasm/stheno_bg.wasm', import.meta.url);
  if (url.protocol === 'file:') {
    // Node, whose fetch reads no files. Bundlers for browsers must not look for its module.
    const { readFile } = await import(/* webpackIgnore: true */ /* @vite-ignore */ `node:${'fs/promises'}`);
    await init({ module_or_path: await readFile(url) });
    return;
  }
  await init({ module_or_path: url });
}
