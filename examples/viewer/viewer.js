// The page's wiring: what is pressed, dropped and chosen, and what it leads to.

import './trusted.js';
import { byId } from './dom.js';
import { speakAsAsked, switchLanguage } from './i18n.js';
import { dress } from './theme.js';
import { enter } from './state.js';

speakAsAsked();
dress();
byId('lang').addEventListener('click', switchLanguage);

/** The rest needs the package, which a page may have been put up without. */
try {
  await import('./stheno/index.js');
  await begin();
} catch (error) {
  const { tellMissing } = await import('./missing.js');
  tellMissing(error);
}

async function begin() {
  const [reading, wallets, network, { save }, { signOut }] = await Promise.all([
    import('./reading.js'), import('./wallets.js'), import('./network.js'), import('./download.js'), import('./session.js'),
  ]);
  const { fail } = reading;
  const on = (id, event, act) => byId(id).addEventListener(event, async (happened) => {
    try {
      await act(happened);
    } catch (error) {
      fail(error);
    }
  });

  on('form', 'submit', (event) => {
    event.preventDefault();
    const text = byId('link').value.trim();
    history.replaceState(null, '', text ? `#${encodeURIComponent(text)}` : location.pathname + location.search);
    return reading.look(text);
  });
  const drop = (file) => {
    if (!file) return undefined;
    byId('link').value = '';
    history.replaceState(null, '', location.pathname + location.search);
    return reading.look(file);
  };
  on('file', 'change', async ({ target }) => {
    const [file] = target.files;
    await drop(file);
    target.value = '';
  });
  for (const event of ['dragenter', 'dragover', 'dragleave', 'drop']) {
    addEventListener(event, (happened) => {
      happened.preventDefault();
      byId('drop').classList.toggle('over', event === 'dragenter' || event === 'dragover');
      if (event === 'drop') drop(happened.dataTransfer.files[0])?.catch(fail);
    });
  }

  on('open', 'click', reading.open);
  on('buy', 'click', reading.buy);
  on('licence-file', 'change', async ({ target }) => reading.takeLicence(new Uint8Array(await target.files[0].arrayBuffer())));
  on('key-form', 'submit', (event) => {
    event.preventDefault();
    const key = byId('key').value.trim();
    byId('key').value = '';
    if (key) return reading.openWithKey(key);
    return byId('key').focus();
  });
  on('policy-file', 'change', async ({ target }) => reading.redescribe(await target.files[0].text()));
  on('network-file', 'change', async ({ target }) => {
    await network.takeNetwork(await target.files[0].text());
    target.value = '';
    await reading.redescribe();
  });
  on('cancel', 'click', reading.cancel);
  on('close', 'click', reading.close);
  on('back-to-folder', 'click', reading.close);
  on('download', 'click', () => save(reading.shown(), fail));
  on('disconnect', 'click', async () => {
    await signOut();
    wallets.disconnect(reading.walletChanged);
  });
  on('switch-chain', 'click', async () => {
    const target = network.networkOrThrow();
    await wallets.wallet().switchTo(target.chainId, network.chainToAdd());
    await wallets.compareChain(target);
  });
  for (const button of document.querySelectorAll('[data-again]')) button.addEventListener('click', reading.again);

  wallets.discover(reading.walletChanged);
  await network.loadNetwork();
  addEventListener('hashchange', lookAtHash);
  if (!lookAtHash()) enter('idle');

  function lookAtHash() {
    const text = decoded(location.hash.slice(1));
    if (!text) return false;
    byId('link').value = text;
    reading.look(text);
    return true;
  }
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
