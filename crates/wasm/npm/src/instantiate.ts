/** What the bindings have to be given before anything else. @internal */
type Init<Exports> = (options: { module_or_path: URL | BufferSource }) => Promise<Exports>;

/** Instantiates WebAssembly from beside the code, in a browser and in Node. @internal */
export async function instantiate<Exports>(init: Init<Exports>, url: URL): Promise<Exports> {
  if (url.protocol === 'file:') {
    // Node, whose fetch reads no files. Bundlers for browsers must not look for its module.
    const { readFile } = await import(/* webpackIgnore: true */ /* @vite-ignore */ `node:${'fs/promises'}`);
    return await init({ module_or_path: await readFile(url) });
  }
  return await init({ module_or_path: url });
}
