// Wallets in this browser: those that announce themselves (EIP-6963), and `window.ethereum`.

import { Wallet } from './stheno/index.js';
import { byId, el, isolated, show } from './dom.js';
import { say } from './i18n.js';
import { Problem } from './link.js';
import { nameToShow, shortHex } from './names.js';

/** By what tells them apart: `{ name?, provider }`. */
const found = new Map();
let connected;
let provider;
let forget = () => {};
/** Who waits for a wallet to be chosen. */
let waiting = [];

export const wallet = () => connected;

/** Looks for wallets, now and whenever one comes. `changed` is called when the account or chain is another. */
export function discover(changed) {
  addEventListener('eip6963:announceProvider', ({ detail }) => {
    if (typeof detail?.provider?.request !== 'function') return;
    found.set(String(detail.info?.uuid), {
      name: nameToShow(detail.info?.name ?? ''), rdns: String(detail.info?.rdns ?? ''), provider: detail.provider,
    });
    list(changed);
  });
  dispatchEvent(new Event('eip6963:requestProvider'));
  list(changed);
  // A wallet without announcements may come late.
  addEventListener('ethereum#initialized', () => list(changed), { once: true });
}

/** The wallets to choose from; the injected one only where it is not announced. */
function choices() {
  const injected = globalThis.ethereum;
  const announced = [...found.values()];
  if (!injected || announced.some((choice) => choice.provider === injected)) return announced;
  return [...announced, { rdns: 'window.ethereum', provider: injected }];
}

function list(changed) {
  const focused = document.activeElement?.dataset.rdns;
  byId('wallets').replaceChildren(...choices().map((choice) => {
    const button = el('button', {
      type: 'button', testid: 'wallet-option', 'data-rdns': choice.rdns, 'aria-pressed': String(choice.provider === provider),
      click: () => choose(choice, changed),
    });
    if (choice.name) button.append(isolated(choice.name));
    else say(button, 'wallets.injected');
    return el('li', {}, button);
  }));
  if (focused) byId('wallets').querySelector(`[data-rdns="${CSS.escape(focused)}"]`)?.focus();
  show(byId('no-wallet'), !choices().length);
}

/** The wallet that is connected, or the only one there is, or the one that the reader chooses. */
export async function walletToUse({ signal, choosing, connecting, changed }) {
  if (connected) return connected;
  const all = choices();
  if (!all.length) throw new Problem('wallet_needed');
  const choice = all.length === 1 ? all[0] : await chosen(signal, choosing);
  connecting();
  return connect(choice, changed);
}

function chosen(signal, choosing) {
  choosing();
  return new Promise((resolve, reject) => {
    waiting.push(resolve);
    signal.addEventListener('abort', () => {
      waiting = waiting.filter((other) => other !== resolve);
      reject(signal.reason);
    }, { once: true });
  });
}

/** A press on a wallet: for who waits for one, else it is connected at once. */
async function choose(choice, changed) {
  if (waiting.length) {
    for (const resolve of waiting.splice(0)) resolve(choice);
    return;
  }
  try {
    await connect(choice, changed);
  } catch (error) {
    changed(error);
  }
}

async function connect(choice, changed, account) {
  const next = await Wallet.connect(choice.provider, { account });
  forget();
  [connected, provider] = [next, choice.provider];
  const accounts = ([other]) => (other ? connect(choice, changed, other).catch(changed) : disconnect(changed));
  const chain = () => changed();
  listen('on', accounts, chain);
  forget = () => {
    listen('removeListener', accounts, chain);
    [connected, provider, forget] = [undefined, undefined, () => {}];
  };
  display();
  list(changed);
  await changed();
  return connected;
}

function listen(how, accounts, chain) {
  provider[how]?.('accountsChanged', accounts);
  provider[how]?.('chainChanged', chain);
}

/** Forgets the wallet; the wallet itself is not asked to forget. */
export function disconnect(changed) {
  forget();
  display();
  list(changed);
  return changed();
}

/** Shows an account: the wallet's, or else that of a session. */
export function display(account = connected?.account) {
  const chip = byId('account');
  if (show(chip, Boolean(account))) {
    chip.dataset.account = account;
    chip.title = account;
    chip.textContent = shortHex(account);
  }
  show(byId('disconnect'), Boolean(account));
}

/** Says whether the wallet is on another chain than the network, and offers to switch. */
export async function compareChain(network) {
  const theirs = connected && network && await connected.chainId().catch(() => undefined);
  const wrong = theirs !== undefined && theirs !== network?.chainId && Boolean(connected && network);
  if (show(byId('wrong-chain'), wrong)) {
    say(byId('wrong-chain-words'), 'chain.wrong', { wallet: theirs, network: network.chainId });
    say(byId('switch-chain'), 'chain.switch', { network: network.chainId });
  }
  return !wrong;
}
