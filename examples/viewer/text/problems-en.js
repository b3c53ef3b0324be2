// What readers meet, by the code of the error: what it is, and what to do about it.
// A code that is not here is told in the words of the error.

const told = {
  // The wallet
  wallet_rejected: ['You declined in your wallet', 'Nothing was sent. Try again if you did not mean to.'],
  wallet_other_chain: ['Your wallet is on another chain', 'Switch it to the network’s chain, and try again.'],
  not_a_wallet: ['This is not a wallet', 'Choose another wallet, or update it.'],
  bad_wallet: ['The wallet cannot be used', 'Choose another wallet.'],
  wallet_needed: ['A wallet is needed', 'The condition asks who is reading. Connect the wallet of the account that may read.'],
  account_required: ['An account is needed', 'The condition asks who is reading. Connect a wallet.'],
  signature_invalid: ['The nodes do not accept the signature', 'Check which account and chain your wallet uses, and try again.'],
  authorization_expired: ['Your session has ended', 'Open it again: your wallet is asked for one new signature.'],
  authorization_early: ['Your session has not begun', 'A clock is off: yours, or the nodes’. Check the time of this machine.'],
  out_of_scope: ['Your session is for another file', 'Open it again: your wallet is asked for one new signature.'],
  // The file
  bad_envelope: ['This is not a file that Stheno encrypted', 'It has another format, or was cut short or changed. Check that it is the right one, and fetch it again.'],
  empty_file: ['This file is empty', 'It has 0 bytes, so nothing is encrypted in it. Fetch it again from its source.'],
  unopenable: ['The key does not open it', 'The file was changed, or its key was made for another. Fetch it again from its source.'],
  no_threshold_recipient: ['No committee has its key', 'It opens with a key of one of its recipients only.'],
  key_needed: ['A key of your own is needed', 'No committee has its key. Enter a key of one of its recipients.'],
  key_does_not_open: ['This key does not open it', 'Check that it is whole, and that the file was encrypted to it.'],
  policy_hidden: ['Its policy is hidden', 'Give the policy that its author handed out.'],
  policy_mismatch: ['This is another policy', 'Its digest is not the one that the file says. Ask the author for the right one.'],
  invalid_policy: ['This is not a policy', 'Give the JSON file that the author handed out.'],
  chain_not_configured: ['The network does not read this chain', 'The condition is about a chain that the nodes have no access to. Tell the author.'],
  // The network
  network_file_needed: ['A network file is needed', 'Choose the network file of the file’s committee, from a place that you trust.'],
  bad_network_file: ['The network file cannot be used', 'Get it again from where you trust it.'],
  wrong_network: ['It belongs to another network', 'Choose the network file of this file’s committee.'],
  wrong_network_key: ['The chain tells another key than the network file', 'An endpoint lies, or the network file is of another network. Get it again from where you trust it.'],
  no_committee: ['There is no such committee', 'Check the network file.'],
  too_few_nodes: ['Too few nodes answer', 'Try again later. Below is what each one said.'],
  refused: ['The nodes refuse the request', 'Below is what each one said.'],
  no_anchor: ['The nodes do not agree on a block', 'They may be catching up. Try again in a minute.'],
  rate_limited: ['You have asked too often', 'Wait a minute, and try again.'],
  from_future: ['The clocks differ', 'Check the time of this machine.'],
  expired: ['The request came too late', 'Try again. If that fails too, check the time of this machine.'],
  rpc_missing: ['The chain’s address is not known', 'The network file names no RPC endpoint. Choose one that does.'],
  rpc_other_chain: ['The RPC endpoint serves another chain', 'Check the network file.'],
  rpc_unreadable: ['The chain cannot be read', 'Its RPC endpoint does not answer. Try again later, or choose a network file with another one.'],
  // The policy says no
  policy_not_met: ['You may not read this yet', 'The condition does not hold for your account.'],
  condition_not_met: ['You may not read this yet', 'The condition does not hold for your account.'],
  condition_unknown: ['The condition cannot be told', 'Something that it reads from the chain gives no answer. Tell the author.'],
  no_longer_met: ['You may no longer read this', 'The condition held a moment ago, and no longer does.'],
  not_final_yet: ['Your right is not final yet', 'Wait some minutes, and try again.'],
  // Storage
  bad_url: ['This is not an address that can be read', 'It begins with https:// and has no user or password in it.'],
  bad_link: ['This is neither an address nor a link', 'Paste all of it: https://… or stheno:…'],
  source_unreachable: ['The storage cannot be read from here', 'Check the address. The server may be down, or it does not let other pages read it (CORS). You can download the file, and drop it here.'],
  source_refused: ['The storage refuses', 'Check the address, and whether something is stored there.'],
  source_redirects: ['The storage points elsewhere', 'Paste that address instead, if you trust it.'],
  ranges_not_served: ['The server gives out whole files only', 'It has no Range requests, and the file is too large to be fetched whole. Download the encrypted file, and drop it here.'],
  source_changed: ['The file was changed while it was read', 'Start again, with the file as it is now.'],
  source_contradicts_itself: ['The storage contradicts itself', 'Fetch the file from another server.'],
  source_unreadable: ['The file cannot be read', 'It was moved or changed since you chose it. Choose it again.'],
  not_stored: ['It is not stored there', 'Check the link, or ask for another copy.'],
  other_bytes_stored: ['Other bytes are stored there', 'They are not what the link names. Fetch it from another copy.'],
  bad_place: ['The link names no place to read from', 'Ask for a link with a place that is on the web.'],
  bad_manifest: ['This folder’s list cannot be used', 'It is no list of an encrypted folder, or of another network.'],
  no_such_file: ['The folder has no such file', 'It may have been changed. Open the folder again.'],
  file_differs: ['Another file is stored there', 'It is not the one that the folder lists. Tell the publisher.'],
  storage_full: ['There is no space left', 'Make room on the disk, and try again.'],
  // The page
  no_worker: ['This browser cannot stream here', 'Saving and playing need a service worker. Open the page by https, and not in a private window.'],
  unsupported: ['This browser cannot do that', 'Use a newer one.'],
  no_package: ['The page is not complete', 'Its package does not load: copy the folder dist of @stheno/web beside the page, as stheno.'],
  unknown: ['Something went wrong', 'Try again.'],
};

export const problemsEn = Object.fromEntries(Object.entries(told).flatMap(
  ([code, [title, hint]]) => [[`problem.${code}`, title], [`hint.${code}`, hint]],
));
