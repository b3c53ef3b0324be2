// Why not, in words: what each condition asks, what was found, what would help; and what it costs.

import { byId, el, isolated, show } from './dom.js';
import { fact, nodeList } from './facts.js';
import { inWords, say, span, tell } from './i18n.js';
import { nameToShow } from './names.js';

const MARKS = { true: '✓', false: '✗', unknown: '?' };

/** Shows what the nodes said. */
export function tellRefusal({ reasons = [], nodes = [], message }) {
  const told = reasons.length ? reasons : [{ what: message }];
  byId('reasons').replaceChildren(...told.map(({ path, what, found, remedy }) => el('li', { testid: 'reason', title: path },
    el('p', { testid: 'reason-what', class: 'what' }, tell(isolated(''), what)),
    found && say(el('p', { testid: 'reason-found' }), 'refused.found', { found: inWords(found) }),
    remedy && say(el('p', { testid: 'reason-remedy' }), 'refused.remedy', { remedy: inWords(remedy) }))));
  byId('refusal-nodes').replaceChildren(...nodeList(nodes));
  show(byId('explained'), false);
}

/** Shows the rule as a tree, each with what was found. */
export function tellExplanation({ tree }) {
  byId('explained-tree').replaceChildren(el('ul', { class: 'tree' }, rule(tree)));
  show(byId('explained'), true);
}

function rule({ rule: kind, truth, what, found, remedy, of = [] }) {
  const verdict = say(el('span', { class: 'verdict' }), `truth.${truth}`);
  const line = el('p', {}, el('span', { class: 'mark', 'aria-hidden': 'true' }, MARKS[truth]), ' ', ruled(what, kind), ' — ', verdict);
  return el('li', { 'data-truth': truth, testid: 'rule' }, line,
    found && say(el('p', { class: 'small' }), 'refused.found', { found: inWords(found) }),
    remedy && truth !== 'true' && say(el('p', { class: 'small' }), 'refused.remedy', { remedy: inWords(remedy) }),
    of.length ? el('ul', { class: 'tree' }, ...of.map(rule)) : undefined);
}

/** What a rule asks, or how its parts belong together. */
function ruled(what, kind) {
  if (what) return tell(isolated(''), what);
  const [how, k] = kind.split(' ');
  return say(el('span'), `rule.${how}`, { k });
}

/** Shows what it takes to buy. Everything was read from the chain; the title is the seller's. */
export function tellDeal(deal) {
  const { title, price, seller, licence, lastsSeconds, soldBy, soldByKnownAs, asksForMore } = deal;
  const lasts = el('span');
  if (lastsSeconds === undefined) say(lasts, 'deal.good');
  else say(lasts, 'deal.for', { span: () => span(lastsSeconds) });
  byId('deal-facts').replaceChildren(
    ...fact('deal.title', isolated(nameToShow(title)), 'deal-title'),
    ...fact('deal.price', isolated(nameToShow(price.amount)), 'deal-price'),
    ...fact('deal.lasts', lasts, 'deal-lasts'),
    ...fact('deal.seller', el('code', { class: 'hex' }, seller), 'deal-seller'),
    ...fact('deal.by', [soldByKnownAs ? `${nameToShow(soldByKnownAs)} ` : '', el('code', { class: 'hex' }, soldBy)], 'deal-by'),
    ...(licence ? fact('deal.licence', el('code', { class: 'hex' }, licence), 'deal-licence') : []),
  );
  show(byId('deal-more'), asksForMore);
  show(byId('deal-licence'), Boolean(licence));
  show(byId('licence-other'), false);
  show(byId('licence-text'), false);
  byId('licence-file').value = '';
  show(byId('buy'), !licence);
  say(byId('buy'), licence ? 'deal.accept' : 'deal.buy', { price: nameToShow(price.amount) });
}

/** Shows the text of the licence, with which it can be bought; or that it was another. */
export function tellLicence(text) {
  byId('licence-text').textContent = text ?? '';
  show(byId('licence-text'), text !== undefined);
  show(byId('licence-other'), text === undefined);
  show(byId('buy'), text !== undefined);
}
