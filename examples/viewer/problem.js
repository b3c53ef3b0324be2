// An error, in the reader's language: by its code, else in its own words.

import { byId } from './dom.js';
import { nodeList } from './facts.js';
import { known, say, unsay } from './i18n.js';

/** Shows an error. Words that were made elsewhere are shown beside, as text. */
export function tellProblem(error) {
  const code = error.code && typeof error.code === 'string' ? error.code : 'unknown';
  byId('problem').dataset.code = code;
  const told = known(`problem.${code}`);
  say(byId('problem-title'), told ? `problem.${code}` : 'problem.unknown');
  if (told || !error.hint) say(byId('problem-hint'), told ? `hint.${code}` : 'hint.unknown');
  else {
    unsay(byId('problem-hint'));
    byId('problem-hint').textContent = error.hint;
  }
  byId('problem-message').textContent = error.message ?? '';
  byId('problem-message').hidden = !error.message;
  byId('problem-nodes').replaceChildren(...nodeList(error.nodes));
}
