// One reading, from what was given to what is shown: inspect, ask, be refused, buy, open.

import { inspect, openWithKeys, Policy } from './stheno/index.js';
import { committeeOf, describe } from './about.js';
import { byId, el, isolated, show } from './dom.js';
import { bytes, number, say } from './i18n.js';
import { Problem, understand } from './link.js';
import { nameToShow } from './names.js';
import { networkOrThrow } from './network.js';
import { tellProblem } from './problem.js';
import { tellDeal, tellExplanation, tellLicence, tellRefusal } from './refusal.js';
import { resumed, signedIn, signOut } from './session.js';
import { showContent } from './show.js';
import { enter } from './state.js';
import { count, status } from './status.js';
import { compareChain, wallet, walletToUse } from './wallets.js';
import { fetchWhole } from './whole.js';

/** Codes of a session that is over: the next opening asks for a new one. */
const OVER = ['authorization_expired', 'authorization_early', 'bad_authorization', 'out_of_scope'];

let reading = {};
let abort = new AbortController();

export const shown = () => reading.shown;

/** Inspects what was given: a text, or a file. */
export function look(given) {
  return attempt('inspecting', 'status.inspecting', async (signal) => {
    await leave();
    reading = { given };
    Object.assign(reading, understand(given));
    reading.inspection = await partly(() => inspect(reading.header, { signal }), signal);
    await redescribe();
    enter('inspected');
  });
}

/** Shows the inspection again: another network file, or a policy, has come. */
export async function redescribe(policyText) {
  if (!reading.inspection) return;
  if (policyText !== undefined) {
    const policy = await Policy.parse(policyText);
    if (policy.digest !== committeeOf(reading.inspection, networkOrThrow())?.policyDigest) throw new Problem('policy_mismatch');
    reading.givenPolicy = policy;
  }
  const network = tolerant(networkOrThrow);
  reading.policy = await describe(reading, network, reading.givenPolicy);
  const asksWho = Boolean(reading.policy?.needsAccount ?? committeeOf(reading.inspection, network));
  show(byId('wallet-choice'), asksWho);
  byId('keys').open = !committeeOf(reading.inspection, network);
  if (network && reading.policy && asksWho) await resumed(network, reading.policy.digest).catch(() => undefined);
  await compareChain(network);
}

/** Opens by the condition. */
export function open() {
  return attempt('asking', 'status.asking', async (signal) => {
    const network = networkFor(reading);
    const options = { reader: await readerFor(network, signal), policy: reading.policy, signal, onEvent };
    if (reading.kind === 'file') await showFile(await partly((source) => network.open(source, options), signal), signal);
    else await showFolder(await network.openFolder(reading.source, options), options);
  });
}

/** Opens with a secret key, without any network. */
export function openWithKey(key) {
  return attempt('asking', 'status.opening', async (signal) => {
    if (reading.kind === 'file') return showFile(await partly((source) => openWithKeys(source, [key], { signal }), signal), signal);
    const options = { keys: [key], signal };
    return showFolder(await networkFor(reading).openFolder(reading.source, options), options);
  });
}

/** Opens a file of the folder that is shown. */
export function openEntry(path) {
  return attempt('asking', 'status.asking', async (signal) => {
    const options = { ...reading.options, signal, onEvent };
    await showFile(await reading.folder.file(path, options), signal, path.split('/').at(-1));
  });
}

/** Takes the text of the licence under which the offer stands. Whoever then buys, signs it. */
export async function takeLicence(bytes) {
  try {
    await reading.deal.acceptLicence(bytes);
    tellLicence(new TextDecoder().decode(bytes));
  } catch (error) {
    if (error.code !== 'other_licence') throw error;
    tellLicence();
  }
}

/** Buys what was offered, and goes on to open it. */
export function buy() {
  return attempt('buying', 'status.paying', async (signal) => {
    const network = networkFor(reading);
    const buyer = await useWallet(signal, 'buying');
    if (!await compareChain(network)) throw new Problem('wallet_other_chain');
    await network.buy(reading.deal, buyer, { signal, onEvent: ({ kind }) => status(`status.${kind}`) });
    await open();
  });
}

/** Stops what is under way. */
export const cancel = () => abort.abort();

/** Puts the open file away, and goes back to the folder or to the inspection. */
export async function close() {
  await putAway();
  if (reading.folder) enter('folder');
  else enter('inspected');
}

/** Tries again what failed: looking, if there is no inspection yet. */
export const again = () => (reading.inspection || !reading.given ? open() : look(reading.given));

/** Shows an error that came from elsewhere. */
export function fail(error) {
  tellProblem(error);
  enter('error');
}

/** Does one thing at a time; whatever goes wrong is shown. */
async function attempt(state, words, work) {
  abort.abort();
  abort = new AbortController();
  const { signal } = abort;
  status(words);
  enter(state);
  try {
    await work(signal);
  } catch (error) {
    if (signal !== abort.signal) return;
    if (error.name === 'AbortError') enter(reading.inspection ? 'inspected' : 'idle');
    else if (error.denied) await refuse(error, signal);
    else {
      if (OVER.includes(error.code)) await signOut();
      fail(error);
    }
  } finally {
    count(undefined);
  }
}

/** Does `work` with the source; where the server gives out no parts, with the whole of it. */
async function partly(work, signal) {
  try {
    return await work(reading.source);
  } catch (error) {
    if (error.code !== 'ranges_not_served' || reading.kind !== 'file' || !/^https?:/.test(reading.source)) throw error;
    reading.source = reading.header = await fetchWhole(reading.source, signal);
    return work(reading.source);
  }
}

function networkFor({ inspection }) {
  const network = networkOrThrow();
  const committee = committeeOf(inspection, network);
  if (!committee) throw new Problem('key_needed');
  if (!network) throw new Problem('network_file_needed');
  if (committee.network !== network.id) throw new Problem('wrong_network');
  return network;
}

/** Who asks: nobody where the condition asks for nobody, else a session. */
async function readerFor(network, signal) {
  if (!reading.policy) throw new Problem('policy_hidden');
  if (!reading.policy.needsAccount) return undefined;
  const { digest } = reading.policy;
  const old = await resumed(network, digest);
  if (old) return old;
  const from = await useWallet(signal, 'asking');
  const kept = await resumed(network, digest);
  if (kept) return kept;
  status('status.signing');
  const session = await signedIn(network, from, digest, signal);
  status('status.asking');
  return session;
}

async function useWallet(signal, state) {
  const used = await walletToUse({
    signal,
    changed: walletChanged,
    choosing: () => {
      status('status.choosing');
      enter('choosing');
    },
    connecting: () => {
      status('status.connecting');
      enter(state);
    },
  });
  signal.throwIfAborted();
  return used;
}

/** Another account or chain, or a wallet that does not connect. */
export async function walletChanged(error) {
  if (error) return fail(error);
  const network = tolerant(networkOrThrow);
  if (network && wallet() && reading.policy?.needsAccount) await resumed(network, reading.policy.digest).catch(() => undefined);
  return compareChain(network);
}

function onEvent(event) {
  if (event.kind === 'asking') status('status.nodes', event);
  if (event.kind === 'opened') status('status.opening');
  if (event.kind !== 'waiting') return;
  enter('waiting');
  status('status.waiting');
  count(event.seconds);
}

/** Says why not; then asks the chain for more, and whether it is for sale. */
async function refuse(error, signal) {
  tellRefusal(error);
  const network = networkOrThrow();
  const account = wallet()?.account ?? (await resumed(network, reading.policy.digest))?.account;
  status('status.deal');
  const [explained, deal] = await Promise.allSettled([
    network.explain(reading.givenPolicy ?? reading.header, account, { signal }),
    account ? network.deal(reading.source, account, { signal }) : Promise.reject(error),
  ]);
  if (signal !== abort.signal) return;
  if (explained.value) tellExplanation(explained.value);
  reading.deal = deal.value;
  const offered = deal.value?.price && !deal.value.mayRead;
  if (offered) tellDeal(deal.value);
  enter(offered ? 'for-sale' : 'refused');
}

async function showFile(file, signal, name) {
  reading.file = file;
  const { metadata } = file.about;
  const about = { name: metadata.name ?? name ?? nameWithoutEnding(reading.name), type: metadata.type };
  reading.shown = await showContent(file, about, signal);
  show(byId('back-to-folder'), Boolean(reading.folder));
  show(byId('saving'), false);
  enter('open');
}

const nameWithoutEnding = (name) => name?.replace(/\.fee$/i, '');

function showFolder(folder, options) {
  Object.assign(reading, { folder, options });
  say(byId('folder-title'), 'folder.title', { count: () => number(folder.entries.length) });
  byId('entries').replaceChildren(...folder.entries.map(({ path, size }) => el('li', {}, el('button', {
    type: 'button', testid: 'entry', 'data-path': path, click: () => openEntry(path),
  }, isolated(nameToShow(path), { class: 'path' }), say(el('span', { class: 'small' }), 'bytes', { size: () => bytes(size) })))));
  enter('folder');
}

async function putAway() {
  const { shown: content, file } = reading;
  [reading.shown, reading.file] = [undefined, undefined];
  content?.hide();
  await file?.close();
}

async function leave() {
  await putAway();
  reading = {};
}

function tolerant(ask) {
  try {
    return ask();
  } catch {
    return undefined;
  }
}
