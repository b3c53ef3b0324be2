// What goes on, in one sentence that is read out; and seconds that are only seen.

import { byId, show } from './dom.js';
import { say } from './i18n.js';

let timer;

export const status = (key, values) => say(byId('status'), key, values);

/** Counts down from `seconds`; without, stops. */
export function count(seconds) {
  clearInterval(timer);
  const place = byId('countdown');
  if (!show(place, seconds !== undefined)) return;
  const until = Date.now() + seconds * 1000;
  const tick = () => say(place, 'seconds', { seconds: Math.max(0, Math.ceil((until - Date.now()) / 1000)) });
  tick();
  timer = setInterval(tick, 1000);
}
