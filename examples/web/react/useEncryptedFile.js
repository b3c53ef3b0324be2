// A hook: an encrypted file, opened for the account of a wallet, with what stands in the way in words.

import { useCallback, useEffect, useRef, useState } from 'react';
import { inspect, Network, Session, Wallet } from '@stheno/web';

export function useEncryptedFile(networkFile, source) {
  const [state, setState] = useState({ step: 'idle' });
  const network = useRef();

  useEffect(() => {
    let gone = false;
    const connecting = Network.connect(networkFile);
    network.current = connecting;
    connecting.catch((problem) => gone || setState({ step: 'failed', problem }));
    return () => {
      gone = true;
      // Its worker ends, and every key with it.
      void connecting.then((network) => network.close()).catch(() => undefined);
    };
  }, [networkFile]);

  const open = useCallback(async () => {
    setState({ step: 'asking' });
    try {
      const connected = await network.current;
      const about = await inspect(source);
      const committee = about.recipients.find((one) => one.kind === 'committee' && one.network === connected.id);
      let reader;
      if (committee?.policy?.needsAccount) {
        const scope = { policies: [committee.policyDigest] };
        // After a reload nobody signs again.
        reader = await Session.resume(connected, { scope });
        reader ??= await Session.open(connected, await Wallet.connect(window.ethereum), { scope });
      }
      const file = await connected.open(source, {
        reader,
        onEvent: (event) => event.kind === 'waiting' && setState({ step: 'waiting', ...event }),
      });
      setState({ step: 'open', file });
    } catch (problem) {
      setState({ step: problem.denied ? 'refused' : 'failed', problem });
    }
  }, [source]);

  return [state, open];
}
