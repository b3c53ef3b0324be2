// Facts in lists: a name and what it is; what each node said.

import { el } from './dom.js';
import { say } from './i18n.js';

/** One line of a list of facts. */
export function fact(key, value, testid) {
  return [say(el('dt'), key), el('dd', { testid }, ...[value].flat())];
}

/** What each node said, folded. */
export function nodeList(nodes) {
  if (!nodes?.length) return [];
  return [el('details', {}, say(el('summary'), 'nodes'), el('ul', { class: 'nodes' },
    ...nodes.map(({ node, endpoint, outcome }) => say(el('li', { testid: 'node', title: endpoint }), 'node', { node, outcome }))))];
}
