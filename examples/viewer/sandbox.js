// Somebody else's page, shown as paper: no scripts, no requests, no forms, an origin of its own.
//
// Three walls: the frame's sandbox, the policy in its head, and the policy of this page, which the
// frame inherits. Links to styles and the like are taken out besides, for they can be resolved or
// connected to before any policy is asked.

import { el } from './dom.js';
import { sandboxedMarkup } from './trusted.js';

const POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'";
const TAKEN_OUT = 'script, link, meta, base, iframe, frame, frameset, object, embed, portal, noscript, template';

/** A frame with this HTML in it. */
export function paper(html, title) {
  const page = new DOMParser().parseFromString(sandboxedMarkup(html), 'text/html');
  for (const element of page.querySelectorAll(TAKEN_OUT)) element.remove();
  for (const link of page.querySelectorAll('[href], [ping]')) {
    if (!link.getAttribute('href')?.startsWith('#')) link.removeAttribute('href');
    link.removeAttribute('ping');
  }
  page.head.prepend(
    head(page, 'Content-Security-Policy', POLICY),
    head(page, 'x-dns-prefetch-control', 'off'),
  );
  const frame = el('iframe', { sandbox: '', title, referrerpolicy: 'no-referrer', class: 'paper' });
  frame.srcdoc = sandboxedMarkup(`<!doctype html>${page.documentElement.outerHTML}`);
  return frame;
}

function head(page, name, content) {
  const meta = page.createElement('meta');
  meta.httpEquiv = name;
  meta.content = content;
  return meta;
}
