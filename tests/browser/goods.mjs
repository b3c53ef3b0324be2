// Goods: a folder with one file, sold by `stheno sell`.
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { sthenoJson } from './command.mjs'

/** Sells a file for `price`, by an account of its own: { url: of its envelope in the storage, link: the sale's }. */
export async function sell ({ devnet, storage }, name, plain, { price = '0.5fil', title = name, licence } = {}) {
  const [data, sealed] = ['data', 'sealed'].map(part => storage.path(`${name} ${part}`))
  mkdirSync(data)
  writeFileSync(join(data, name), plain)
  const args = ['sell', data, '--price', price, '--to', storage.folder, '--at', `${storage.origin}/good`, '-o', sealed, '--title', title, '--network', devnet.networkPath]
  if (licence) {
    const text = storage.path(`${name} licence`)
    writeFileSync(text, licence)
    args.push('--licence', text)
  }
  const { link } = await sthenoJson(args, { key: await devnet.newKey() })
  // Envelopes are named by their pieces; beside them lies the manifest.
  const files = readdirSync(sealed).filter(file => file.startsWith('bafk'))
  if (files.length !== 1) throw new Error(`one envelope was expected in ${readdirSync(sealed)}`)
  return { url: storage.put(`${name}.fee`, readFileSync(join(sealed, files[0]))), link }
}
