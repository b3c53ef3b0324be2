// What the page is doing. `document.body.dataset.state` has it, after the page shows it.

import { byId } from './dom.js';

/** Where the eyes, and the focus, go in a state that brings news. */
const NEWS = {
  refused: 'refusal-title', 'for-sale': 'refusal-title', error: 'problem-title',
  open: 'content-name', folder: 'folder-title', choosing: 'wallets-title', inspected: 'about-title',
};

export const state = () => document.body.dataset.state;

/** Shows what belongs to `next` (its `data-in` names it), and moves the focus there. */
export function enter(next) {
  for (const part of document.querySelectorAll('[data-in]')) {
    part.hidden = !part.dataset.in.split(' ').includes(next);
  }
  document.body.dataset.state = next;
  const news = NEWS[next] && byId(NEWS[next]);
  if (!news) return;
  news.focus({ preventScroll: true });
  const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
  news.scrollIntoView({ block: 'nearest', behavior: calm ? 'auto' : 'smooth' });
}
