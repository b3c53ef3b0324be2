// The network file: `network.json` beside the page, another of this origin by `?network=`, or one
// that the reader chooses. It pins the committee's key, so it is taken from no other origin.

import { Network } from './stheno/index.js';
import { byId } from './dom.js';
import { say } from './i18n.js';
import { nameToShow } from './names.js';

let network;
let rpc = {};
let failed;

/** The network, once it is loaded; throws what was wrong with its file. */
export function networkOrThrow() {
  if (failed) throw failed;
  return network;
}

/** What a wallet that does not know the chain is told of it. */
export function chainToAdd() {
  const urls = rpc[network.chainId] ?? [];
  return urls.length ? { chainName: network.name, rpcUrls: urls } : undefined;
}

/** Loads the file that the address names. That there is none is no error. */
export async function loadNetwork() {
  const named = new URLSearchParams(location.search).get('network');
  const url = new URL(named ?? 'network.json', document.baseURI);
  if (url.origin !== location.origin) return tell('bad');
  const response = await fetch(url, { redirect: 'error' }).catch(() => undefined);
  if (!response?.ok) return tell(named ? 'bad' : 'none');
  return takeNetwork(await response.text());
}

/** Takes the text of a network file. */
export async function takeNetwork(text) {
  try {
    const next = await Network.connect(text);
    await network?.close();
    [network, rpc, failed] = [next, JSON.parse(text).rpc ?? {}, undefined];
    return tell('ready');
  } catch (error) {
    [network, failed] = [undefined, error];
    return tell('bad');
  }
}

function tell(state) {
  const line = byId('network-name');
  line.dataset.networkState = state;
  const { name = '', threshold, nodes } = network ?? {};
  say(line, `network.${state}`, { name: nameToShow(name), threshold, nodes });
}
