// Dark or light: of the address, else as chosen before, else as the system has it.

import { byId } from './dom.js';
import { say } from './i18n.js';

const KEPT = 'stheno-viewer-theme';
const dark = matchMedia('(prefers-color-scheme: dark)');

function wear(theme) {
  document.documentElement.dataset.theme = theme;
  say(byId('theme'), theme === 'dark' ? 'theme.light' : 'theme.dark');
}

const chosen = () => {
  const asked = new URLSearchParams(location.search).get('theme') ?? localStorage.getItem(KEPT);
  return ['dark', 'light'].includes(asked) ? asked : undefined;
};
const fitting = () => chosen() ?? (dark.matches ? 'dark' : 'light');

/** Puts the theme on, and follows the system until one is chosen. */
export function dress() {
  wear(fitting());
  dark.addEventListener('change', () => wear(fitting()));
  byId('theme').addEventListener('click', () => {
    const other = document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark';
    localStorage.setItem(KEPT, other);
    wear(other);
  });
}
