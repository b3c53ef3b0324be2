import type { WireReader } from './host.js';
import type { Network } from './network.js';
import { failure } from './errors.js';
import { Session } from './session.js';
import { Wallet } from './wallet.js';

/** Who asks. */
export type Reader = Session | Wallet;

const introduced = new WeakMap<Wallet, Map<Network, number>>();

/** A reader, ready to cross. @internal */
export function readerToWire(reader: Reader | undefined, network: Network): WireReader | undefined {
  if (reader === undefined) return undefined;
  if (reader instanceof Session) {
    if (reader.network !== network) {
      throw failure('bad_argument', 'the session is another network object’s', 'open or resume it with this one');
    }
    return { kind: 'session', session: reader.handle };
  }
  if (!(reader instanceof Wallet)) {
    throw failure('bad_argument', 'the reader is neither a Session nor a Wallet', 'give one of them');
  }
  let signers = introduced.get(reader);
  if (!signers) introduced.set(reader, (signers = new Map()));
  let signer = signers.get(network);
  if (signer === undefined) {
    signer = network.engine.introduce((typedData) => reader.signTypedData(typedData));
    signers.set(network, signer);
  }
  return { kind: 'wallet', account: reader.account, signer };
}
