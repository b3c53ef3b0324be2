// What a file says of itself, before anything is opened. None of it is authenticated: all is text.

import { Policy } from './stheno/index.js';
import { byId, el, isolated, show } from './dom.js';
import { fact } from './facts.js';
import { bytes, known, say, tell } from './i18n.js';
import { nameToShow, shortHex } from './names.js';

/** The committee that would open it: of this network if there is one. */
export function committeeOf(inspection, network) {
  const committees = inspection?.recipients.filter(({ kind }) => kind === 'committee') ?? [];
  return committees.find((committee) => committee.network === network?.id) ?? committees[0];
}

/** Shows an inspection; the policy is parsed once, and given back. */
export async function describe({ inspection, kind, name }, network, given) {
  const committee = committeeOf(inspection, network);
  const policy = given ?? (committee?.policy && await Policy.parse(committee.policy.json));
  byId('facts').replaceChildren(
    ...(kind === 'file' ? [] : fact('about.kind', say(el('span'), kind === 'sale' ? 'about.sale' : 'about.folder'))),
    ...(kind === 'file' || inspection.metadata.name ? nameFact(inspection.metadata.name ?? name) : []),
    ...fact('about.size', sizeOf(inspection), 'size'),
    ...fact('about.for', el('ul', { testid: 'recipients' }, ...inspection.recipients.map((one) => recipient(one, network)))),
    ...(committee ? conditions(committee, policy) : []),
    ...fact('about.cipher', inspection.cipher, 'cipher'),
  );
  compareNetwork(committee, network);
  show(byId('hidden-policy'), Boolean(committee && !policy));
  return policy;
}

/** Says that another network file is needed, if one is. */
function compareNetwork(committee, network) {
  const note = byId('other-network');
  const needed = committee && (!network || committee.network !== network.id);
  if (!show(note, Boolean(needed))) return;
  if (network) say(note, 'network.other', { theirs: shortHex(committee.network), ours: nameToShow(network.name) });
  else say(note, 'network.missing');
}

function nameFact(name) {
  return fact('about.name', name ? isolated(nameToShow(name)) : say(el('span'), 'about.nameless'), 'name');
}

function sizeOf({ plaintextBytes, envelopeBytes }) {
  const [key, count] = plaintextBytes === undefined ? ['about.size.stored', envelopeBytes] : ['about.size.claimed', plaintextBytes];
  return count === undefined ? '?' : say(el('span'), key, { size: () => bytes(count) });
}

function recipient(one, network) {
  const line = el('li', { 'data-kind': one.kind });
  if (one.kind === 'committee') return say(line, 'recipient.committee', { network: networkName(one.network, network) });
  const key = `recipient.${one.kind}`;
  return known(key) ? say(line, key) : say(line, 'recipient.other', { words: nameToShow(one.words) });
}

const networkName = (id, network) => (id === network?.id ? nameToShow(network.name) : shortHex(id));

function conditions(committee, policy) {
  if (!policy) return [...fact('about.policy', say(el('span'), 'policy.hidden'), 'policy'), ...digest(committee.policyDigest)];
  const lines = policy.describe().split('\n').filter(Boolean);
  const list = el('ul', { class: 'conditions', testid: 'conditions' }, ...lines.map(condition));
  const json = el('details', {}, say(el('summary'), 'about.json'),
    el('pre', { tabindex: 0, testid: 'policy-json' }, JSON.stringify(policy.toJSON(), null, 2)));
  return [...fact('about.policy', [list, json], 'policy'), ...digest(policy.digest)];
}

/** A line, set in as far as its spaces say. */
function condition(line) {
  const item = el('li', {}, tell(isolated(''), line.trim()));
  item.style.paddingInlineStart = `${(line.length - line.trimStart().length) / 2}em`;
  return item;
}

const digest = (hex) => fact('about.digest', el('code', { class: 'hex' }, hex), 'digest');
