// Trusted Types, where the browser has them: text becomes a script's address only if it is of this
// origin, and markup only inside the sandbox.

const types = globalThis.trustedTypes;

types?.createPolicy('default', {
  createScriptURL: (text) => {
    if (new URL(text, location.href).origin !== location.origin) throw new TypeError('a script of another origin');
    return text;
  },
});

const markup = types?.createPolicy('sandboxed-document', { createHTML: (text) => text });

/** Markup for a document without scripts, origin or requests: see sandbox.js, its one user. */
export const sandboxedMarkup = (text) => markup?.createHTML(text) ?? text;
