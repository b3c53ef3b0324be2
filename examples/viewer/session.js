// One signature for an hour: a session for just this policy, resumed after a reload without any.

import { Session } from './stheno/index.js';
import { byId, show } from './dom.js';
import { clock, say } from './i18n.js';
import { shortHex } from './names.js';
import { display, wallet } from './wallets.js';

let session;

const holds = (digest) => session && session.expiresAt > new Date() && session.scope.policies?.includes(digest);

/** A session for this policy that needs no signature, if there is one. */
export async function resumed(network, digest) {
  const account = wallet()?.account;
  if (holds(digest) && (!account || session.account === account)) return session;
  session = await Session.resume(network, { account, scope: { policies: [digest] } });
  tell();
  return session;
}

/** Asks the wallet for one signature. */
export async function signedIn(network, from, digest, signal) {
  session = await Session.open(network, from, { scope: { policies: [digest] }, signal });
  tell();
  return session;
}

/** Ends the session, here and after a reload. */
export async function signOut() {
  const ended = session;
  session = undefined;
  tell();
  await ended?.end();
}

function tell() {
  const note = byId('session');
  display(wallet()?.account ?? session?.account);
  if (!show(note, Boolean(session))) return;
  note.dataset.expires = session.expiresAt.toISOString();
  say(note, 'session.holds', { account: shortHex(session.account), time: () => clock(session.expiresAt) });
}
