//! The SDK's own codes, beside those of nodes ([`stheno_protocol::Code`]).

use stheno_protocol::{explained, problem::Explained};

/// All of them.
pub const ALL: &[Explained] = explained! {
    "bad_network_file", File, "Network file unusable",
        "The network file cannot be read, is not one, or its key and its fingerprint contradict each other.",
        "Get the network file again from where you trust it; the message has line and column.";
    "network_file_needed", Asker, "Network file needed",
        "Encrypting needs a network file that pins the committee's key, and there is none or it says too little.",
        "Give a network file that you trust.";
    "wrong_network_key", Chain, "Another network key",
        "The chain says that the committee has another key than the network file pins: an endpoint lies, or the file is of another network.",
        "Do not encrypt to this key. Check the endpoint, and get the network file from a trusted place.";
    "bad_wallet", Asker, "Wallet unusable",
        "The private key or the keystore is none, or the passphrase does not open it.",
        "Check the variable or the file that the message names; it is never shown.";
    "wallet_needed", Asker, "Wallet needed",
        "The policy asks who is reading, or a transaction is to be sent, and no wallet was given.",
        "Give the wallet of the account that may read, or that sends: --keystore, or STHENO_PRIVATE_KEY.";
    "not_a_member", Asker, "Not a member",
        "The policy asks for a proof that one is in a group, and the secret is in none of the groups that were given.",
        "Give the group's newest file with --group, and your credential where one is asked for; or ask who keeps the group to add you.";
    "other_group", Asker, "Another group",
        "The groups that were given have other roots than the policy names. Such a policy is about the group as it was at one time, and its root changes with every member.",
        "Give the group's file as it was when the policy was made; who keeps the group has it.";
    "group_outdated", Asker, "Group out of date",
        "The contract that keeps the policy's group has another root than every group that was given: their files are older, or of other groups. Nothing was sent to a node.",
        "Get the group's newest file from who keeps it.";
    "group_ambiguous", Asker, "Which group?",
        "Several of the groups that were given could be the one that the policy's contract keeps, and the contract cannot be asked. Nothing was sent to a node, which would have learnt of the wrong one.",
        "Give an endpoint of the chain that the message names, or the file of the policy's group alone.";
    "not_provable", Asker, "Not provable",
        "What the policy asks for does not hold: an attribute of the credential is out of bounds, or it has expired.",
        "Give a credential that is valid still and within the bounds that `stheno policy check` shows.";
    "proving_key_missing", Asker, "Proving key missing",
        "The proving key that belongs to the policy's verifying key was found in none of the places that were given, or what was there is another one or damaged.",
        "Say where proving keys are, with --proving-keys: a folder or a server that has the file HASH.proving.";
    "proving_key_broken", Asker, "Proving key broken",
        "A proving key is not sound: its points are not those of one key, or a proof that was made with it does not verify. It was put away, and no other place had a better one. Somebody may have made it so in order to learn who proves.",
        "Tell who runs the place that the message names, and name another with --proving-keys. With --proving-key-hash, as the network's operator publishes it, no other key is taken.";
    "proving_stopped", Machine, "Proving stopped",
        "The proof was not finished, for want of memory perhaps.",
        "Try again with more memory; proving takes some 200 MB.";
    "not_for_everybody", Asker, "Not everybody's key",
        "An item's own key was asked for, which opens everything that is sealed to the item, and the policy asks who is reading: such a key is never made public.",
        "Open the files one by one with the wallet of the account that may read, or seal what is to become public under a policy that asks nothing about the reader.";
    "bad_envelope", File, "Envelope unusable",
        "The file is not a Filecoin Encryption Envelope, is of a version or with an algorithm that is not known here, or is cut short or changed.",
        "Check that it is the right file and fetch it again from its source; a newer one may need a newer program.";
    "no_threshold_recipient", File, "No committee has the key",
        "None of the envelope's recipients is a committee, so no nodes can give out its key.",
        "Open it with a key of one of its recipients; `stheno inspect` lists them.";
    "policy_hidden", Asker, "Policy hidden",
        "The envelope says only the digest of its policy.",
        "Give the policy that its author handed out, with --policy.";
    "policy_mismatch", Asker, "Another policy",
        "The policy that was given has another digest than the envelope's.",
        "`stheno inspect` shows the digest that the policy must have.";
    "unopenable", File, "Key does not open",
        "Enough good shares came, and the envelope's key does not open with them: the file was changed, or was made for another key.",
        "Fetch the file again from its source.";
    "rpc_missing", Asker, "No endpoint given",
        "A chain must be read, and no JSON-RPC endpoint of it is known.",
        "Give one with --rpc, or a network file that names some.";
    "rpc_other_chain", Asker, "Endpoint of another chain",
        "A JSON-RPC endpoint serves another chain than the one that must be read.",
        "Give an endpoint of the chain that the message names.";
    "rpc_unreadable", Chain, "Chain could not be read",
        "The chain's endpoints do not answer, answer with an error, or contradict each other or themselves.",
        "Check the endpoint, or give another.";
    "no_committee", Asker, "No such committee",
        "The contract has no committee of this number, or none of its epochs serves yet.",
        "Check the endpoint and the network file; a new committee serves when its key is final.";
    "bad_committee", Chain, "Impossible committee",
        "What the chain says of the committee contradicts itself: no committee may have this size, threshold or these keys.",
        "Check the endpoint; with an honest one, tell the committee's owner.";
    "no_anchor", Operator, "No common block",
        "The nodes do not agree on a recent final block well enough to ask them to evaluate the policy at it.",
        "Nodes may be catching up; try again in a minute.";
    "too_few_nodes", Operator, "Too few nodes",
        "Fewer nodes than the threshold gave a good share; each is listed with what it said or did.",
        "Try again later, or tell the operators of the nodes that are listed.";
    "no_entropy", Machine, "No randomness",
        "The operating system gave no random bytes, without which no key is safe.",
        "Mend the machine or its sandbox.";
    "platform_failed", Machine, "No cipher of the platform",
        "The platform's own AES, such as a browser's, refused a key or a chunk that is in order.",
        "Use a current browser and a page that is served by https or from localhost.";
    "http_unavailable", Machine, "No HTTP client",
        "The HTTP client cannot be set up.",
        "Check the machine's TLS certificates and proxy settings.";
    "no_recipient", Asker, "Nobody could read it",
        "Nobody was named who may open the envelope.",
        "Name a policy with its network, a public key, or a shared key.";
    "item_needed", Asker, "Item needed",
        "The policy leaves it to the network's registry who reads an item, and no item of it was given; nobody could ever register one that is drawn at random.",
        "`stheno access create` makes an item; give it with --item.";
    "key_does_not_open", Asker, "Another key",
        "The key that was given opens none of the envelope's recipients.",
        "`stheno inspect` lists the recipients; give the key of one of them.";
    "key_needed", Asker, "Key needed",
        "No committee has the envelope's key: it is sealed to keys alone, or its key comes from elsewhere.",
        "Give a key of one of its recipients, or the file's own key; `stheno inspect` lists them.";
    "no_such_recipient", Asker, "No such recipient",
        "The envelope has no recipient of this number.",
        "`stheno inspect` numbers them.";
    "refused", Asker, "Refused",
        "Nodes refused the request itself, each for a reason of its own.",
        "The message says what each node said.";
    "source_unreadable", Machine, "Source cannot be read",
        "The file with the envelope cannot be read, or became shorter while it was.",
        "Check the file, its disk and its rights.";
    "bad_url", Asker, "Bad address",
        "The address is none of http or https, or not well formed.",
        "Give an address that begins with https:// or http://.";
    "source_unreachable", Machine, "Storage not reached",
        "The server with the envelope was not reached, broke off or stopped sending, as often as it was tried.",
        "Check the address and the network, or try again later.";
    "source_refused", Asker, "Storage refuses",
        "The server with the envelope answers with a status that is no success.",
        "Check the address, and whether it needs a right to be read.";
    "source_redirects", Asker, "Storage redirects",
        "The server points to another address, which may lead to where you would not have gone, so it is not followed.",
        "Give that address instead, if you trust it.";
    "ranges_not_served", Asker, "No parts to be had",
        "The server sends the whole object when a part is asked for.",
        "Read it from a server that supports Range requests, or without --range.";
    "source_changed", File, "Stored object changed",
        "The stored object is no longer the one that the first request met.",
        "Start again, with the object as it is now.";
    "source_contradicts_itself", File, "Storage contradicts itself",
        "An answer of the server is not what was asked for, not what it says itself, or not about the same object as before.",
        "Fetch the file from another server.";
    "source_hides_headers", Operator, "Storage hides its answer from pages",
        "A server does not let a page in a browser see which part of an object it sends, so that the page cannot tell whether it is the part that was asked for.",
        "The server's operator lets pages see it with Access-Control-Expose-Headers: Content-Range, ETag.";
    "not_stored", Asker, "Not stored there",
        "The store says that it does not have the piece or the block.",
        "Check the name, or ask another copy.";
    "other_bytes_stored", Operator, "Other bytes",
        "All of what a store has or sent is not what its name says: a PieceCID or a CID is a hash of every byte.",
        "Fetch it from another copy, and tell the operator of this one.";
    "beyond_piece", Asker, "Beyond the piece",
        "A range that was asked for does not lie within the piece; its length follows from its PieceCID.",
        "Ask for a part that the piece has.";
    "storage_refuses", Operator, "Store refuses",
        "The provider refused, and the message has its words.",
        "Do as it says, or store it elsewhere.";
    "storage_full", Machine, "No space left",
        "The disk or a quota is full, here or at the provider that the message names. Nothing is under its final name that is not whole.",
        "Make space and run it again: what has arrived is kept.";
    "storage_disk", Machine, "Disk fails",
        "A file of the transfer cannot be made, read, written or renamed.",
        "Check the folder, its disk and its rights.";
    "transfer_busy", Asker, "Transfer at work",
        "Another process transfers with the same folder or journal.",
        "Wait until it is done, or end it.";
    "transfer_incomplete", Operator, "Pieces missing",
        "Some pieces could not be had, or put; the message names them, and what each store did that was tried. The others are done.",
        "Run it again, or name more copies: what has arrived is kept.";
    "bad_car", Operator, "Bad CAR",
        "A gateway sends a CAR that is damaged or cut short, that lacks a block or has one more, or has its blocks in another order than that of the file. What had come before was verified.",
        "Fetch it from another gateway, and tell the operator.";
    "no_gateway", Asker, "No gateway",
        "Something was named by its CID alone, and no gateway that may have it.",
        "Give --gateway URL, or https://GATEWAY/ipfs/CID instead of ipfs://CID.";
    "piece_size", Asker, "Size not taken",
        "The provider takes pieces of 127 to 1,065,353,216 bytes.",
        "Split what is larger, and fill up what is smaller.";
    "piece_changed", Asker, "Piece changed",
        "What is to be stored has other bytes than the piece it is said to be: it was written to after its PieceCID was computed.",
        "Wait until nothing writes to it, and compute the PieceCID again.";
    "piece_unreadable", Machine, "Piece cannot be read",
        "What is to be stored cannot be read.",
        "Check the file, its disk and its rights.";
    "storage_read_only", Asker, "Read only",
        "Nothing can be put there: it is a plain HTTP server, or an IPFS gateway.",
        "Store it in a folder or with a PDP provider.";
    "folder_empty", Asker, "Folder without files",
        "The folder that was to be encrypted holds no files; folders without files are not kept.",
        "Give a folder with at least one file in it.";
    "folder_entry_refused", Asker, "No file",
        "Something in the folder is a link, a pipe, a socket or a device. No link is followed: it could lead anywhere.",
        "Take it away, or leave out what is no file with --skip.";
    "folder_name_refused", Asker, "Name that is none",
        "A name in the folder is not UTF-8, too long, or holds what a terminal or another system would take for more than a name.",
        "Rename it, or leave out what cannot be taken with --skip.";
    "output_in_folder", Asker, "Output in the folder",
        "The output lies in the folder that is encrypted, or is it, so the next run would encrypt it again.",
        "Give an output beside the folder.";
    "file_changed", Machine, "File was changed",
        "A file of the folder was written to while it was encrypted.",
        "Wait until nothing writes to the folder, and run it again: what is whole is kept.";
    "collection_exists", Asker, "Collection exists",
        "The output holds an encrypted folder already, or a version that is not the one before; what is stored is never written to.",
        "Add to it with `stheno add`, or give another output.";
    "no_manifest", Asker, "No manifest",
        "The folder holds no manifest-1.fee or later one.",
        "Give the folder that `stheno encrypt` or `stheno get` wrote.";
    "folder_busy", Asker, "Folder at work",
        "Another command writes into the same folder.",
        "Wait until it is done, or end it.";
    "folder_full", Machine, "No room in the folder",
        "The disk or the quota is full. Nothing is under its name that is not whole.",
        "Make room and run it again: what is whole is kept.";
    "folder_unusable", Machine, "Folder cannot be used",
        "A file or folder cannot be made, read, written or renamed; the message says which and why.",
        "Check the name, its disk and its rights.";
    "bad_manifest", File, "Manifest unusable",
        "What was opened is no manifest of an encrypted folder, is of another network or a version that is not known here, or contradicts itself.",
        "Give the manifest of a collection, whole; a newer one may need a newer program.";
    "not_to_be_split", Asker, "Cannot be cut into pieces",
        "An envelope is smaller than any piece, or one of its chunks is larger.",
        "Use other limits with --max-piece, or other chunks with --chunk-size.";
    "name_not_here", Machine, "Name that this system does not have",
        "A name of the collection cannot be one here, or cannot be told from another: in case alone, say.",
        "Write it with --escape-names, or on another file system.";
    "not_unixfs", File, "Not in UnixFS",
        "The collection cannot be written as a folder of IPFS; or what a CID names is another thing than the file or folder that was asked for, or has no such path in it.",
        "Give the folder that `stheno encrypt` wrote, or check the CID and the path behind it.";
    "no_such_file", Asker, "No such file",
        "The collection has no file of this name.",
        "`stheno ls` lists the files.";
    "file_differs", File, "Another file",
        "What is stored is not the file that the manifest describes: its header, length or SHA-256 is another, or its key does not open.",
        "Fetch it from another place; if it stays so, tell the publisher.";
    "file_exists", Asker, "File exists",
        "A file of the output's name is there already with other bytes, and it is kept.",
        "Give another folder, or --force to replace it.";
    "not_a_folder", Asker, "No folder",
        "A link or a file stands where a folder must, and what is written below it would go elsewhere.",
        "Take it away, or give another folder.";
    "bad_link", Asker, "No link",
        "The text is no link to a collection or an envelope, or carries more than one may.",
        "`stheno put` prints links; copy it whole.";
    "bad_place", Asker, "No place for pieces",
        "The text is neither a folder nor an address where pieces are, or a secret stands in it.",
        "Give a folder, https://HOST/PATH for a server, or pdp+https://HOST for a provider.";
    "storage_unconfirmed", Operator, "Not confirmed",
        "The provider took the bytes or sent the transaction, and did not say in time that it is done.",
        "Run it again later: no bytes are sent twice.";
    "batch_size", Asker, "Too many at once",
        "A provider adds 1 to 40 pieces to a data set at once.",
        "Add them in several batches.";
    "data_set_rejected", Chain, "Transaction rejected",
        "The chain rejected the transaction that makes a data set or adds pieces to one.",
        "Check what was signed, the payer's funds and the approval of the service.";
    "unknown_hash", Asker, "Hash not known",
        "A block is named by a hash that cannot be verified here, so it is not taken on trust.",
        "Use CIDs with sha2-256.";
    "bad_terms", Asker, "Terms that do not go",
        "The terms are not the JSON of terms, or the registry would refuse them: more than 16, a zero address, a combination of nothing.",
        "The message names the place; `stheno help access set` has examples.";
    "no_registry", Asker, "No access registry",
        "There is no access registry at the address, on the chain that the endpoint serves.",
        "Check the network file or the address, and that the endpoint is of the right chain.";
    "no_such_item", Asker, "No such item",
        "Nothing of this id was registered, or it is of another kind.",
        "Check the id. One that was created a moment ago is read when it is final.";
    "not_allowed", Asker, "Not allowed",
        "The account may not do this to the item or collection: it is neither its owner nor has the role.",
        "Use the owner's wallet, or ask the owner for the role with `stheno access roles`.";
    "item_changed_hands", Asker, "Item of another",
        "The item was handed over, and its owner now says who reads it.",
        "Create an item of your own, and seal to that.";
    "item_is_a_period", Asker, "Item is a period",
        "A period belongs to whoever owns its collection, and cannot change hands by itself.",
        "Transfer the collection.";
    "bad_account", Asker, "No account",
        "The address is zero, or stands for a Filecoin actor id: nothing can be kept for it.",
        "Give an Ethereum-style address, such as that of an f410 account.";
    "no_contract", Asker, "No contract there",
        "A term asks a contract, and there is none at its address on the registry's chain.",
        "Check the address, and that it is of this chain.";
    "no_readers", Asker, "No reader",
        "A grant or a revocation names nobody.",
        "Name at least one reader.";
    "grant_expired", Asker, "Grant over already",
        "The grant would end before it begins, by the chain's time.",
        "Give a time to come.";
    "no_such_period", Nobody, "No such period",
        "The collection's period has not begun, or its beginning is not final yet.",
        "Begin it with `stheno access begin`, or wait until that is final.";
    "registry_inconsistent", Chain, "Registry contradicts itself",
        "What the chain says of the registry does not fit together, or not what is computed here.",
        "Ask endpoints of other operators. If they say the same, do not rely on the registry.";
    "registry_refused", Asker, "Refused by the registry",
        "The registry refused the change, for the reason in the message.",
        "`stheno access show` tells who owns the id, and its terms.";
    "group_unreadable", Machine, "Group's file fails",
        "A group's file, or what is kept beside it, cannot be opened, read, locked, written or renamed.",
        "Check the name, the disk's space and your rights. The file is as it was before.";
    "group_exists", Asker, "Group exists",
        "There is a file of the group's name already, and no group is ever replaced: its members would be lost.",
        "Give another name, or add to the group that there is.";
    "group_busy", Asker, "Group at work",
        "Another command has been changing the group's file for more than a minute.",
        "Wait until it is done, or end it.";
    "bad_group", File, "Not a group",
        "The file is not the JSON of a group: it is cut short, has a field too many, or a leaf that is none.",
        "Get it again from who keeps the group; the message has the place.";
    "group_depth", Asker, "No such depth",
        "Groups are trees of 1 to 32 levels, and networks offer proofs about those of 20 and of 32.",
        "Make groups of depth 20, for up to a million members in their lifetime, or of 32.";
    "group_duplicate", Asker, "Member already",
        "A leaf is in the group already, or was given twice. Nothing was added.",
        "Leave it out: nobody is in a group twice.";
    "not_in_group", Asker, "Not in the group",
        "No such leaf, or member of this commitment, is in the group. Nothing was changed.",
        "`stheno group show FILE --members` lists the leaves; that of a credential stands in its file.";
    "group_full", Asker, "Group full",
        "Every place of the tree was given once, to members who are gone as well.",
        "Make another group, of depth 32.";
    "group_empty", Asker, "Group empty",
        "Nobody is in the group, so it has no root: a policy that named it would be a mistake.",
        "Add a member with `stheno group add`.";
    "not_a_commitment", Asker, "Not a commitment",
        "What should name a member is not 0x and 64 hex digits, or not below the field's order, or zero, or the commitment of the secret 0, which everybody knows; or it is a secret key, which is not repeated.",
        "Copy again what the member's `stheno member create` printed.";
    "bad_credential", File, "Not a credential",
        "The file is no credential, or its attributes and commitment do not make its leaf; or it is another member's, or for a group of another depth.",
        "Give the credential that was issued for your own key, with its issuer's group; or have it issued again.";
    "bad_member_key", Asker, "Not a member's key",
        "The file holds no member's key, or more than one; what it holds is not repeated.",
        "`stheno member create -o FILE` makes such a file.";
    "no_group", Asker, "No group there",
        "There is no contract with a group's root at the address, on the chain that the endpoint serves.",
        "Check the address, and that the endpoint is of the right chain.";
    "group_differs", Asker, "Contract of another group",
        "The contract was made for groups of another depth, or for another kind of tree, than the file's.",
        "Give the contract that was deployed for this group, or deploy one with `stheno group deploy`.";
    "group_stale", Chain, "Group changed meanwhile",
        "The last change of the group on chain was not made from this file, or from a newer one, or FILE.published, which would tell, is missing: whom it added would be lost, and whom it removed be a member again.",
        "Get the newest file from who published it, with its FILE.published. To replace what was published, name the change with --following.";
    "group_must_revoke", Asker, "Roots have to end",
        "Nobody is in the group any more; then its roots on chain end at once.",
        "Leave --keep-old-roots out.";
    "group_not_yours", Asker, "Another's group",
        "The account neither owns the group on chain nor has a vote about it.",
        "Use the wallet of the owner or of a voter; `stheno group show` names them.";
    "group_inconsistent", Chain, "Group contradicts itself",
        "What the chain says of a group contradicts itself: an endpoint lies, or the contract is no group.",
        "Ask endpoints of other operators; if they say the same, do not rely on the group.";
    "group_refused", Asker, "Refused by the group",
        "The group's contract refused the change, for the reason in the message.",
        "`stheno group show` tells the contract's state.";
    "no_funds", Asker, "No funds",
        "The account cannot pay for the transaction, or has too little of the token that something costs.",
        "Send it funds; the message says how much it may cost.";
    "transaction_pending", Nobody, "Not mined yet",
        "The transaction was sent, and no block had it in the time that it was waited for.",
        "Look again later whether it happened; if not, run the same command again.";
    "transaction_failed", Machine, "Not sent",
        "The transaction was not sent: no endpoint took it, it could not be signed, or its nonce was taken.",
        "Check the account and the endpoint, and try again.";
    "no_market", Asker, "No market",
        "The network file names no contracts for access and trade.",
        "Give a network file with `market`, from where you trust it.";
    "bad_amount", Asker, "No amount",
        "What was written is no amount in FIL or a token of the network file, has more digits than the token, or is nothing.",
        "Write it as 5usdfc or 0.25fil.";
    "bad_sale_link", Asker, "No link to a sale",
        "The text is no link to something that is for sale.",
        "`stheno sell` prints links; copy it whole, in quotes.";
    "other_market", Chain, "Another market",
        "The catalogue, or its registry, is not the network file's: the link leads elsewhere, or an endpoint lies.",
        "Do not pay. Get the network file and the link again from where you trust them.";
    "not_for_sale", Asker, "Not for sale",
        "The catalogue does not list it, it has no price, its offer has ended, or its terms ask for something else.",
        "Ask the seller. Nothing was paid.";
    "unknown_offer", Asker, "Unknown kind of offer",
        "The offer is to be taken by a call that is not known here, and what it does cannot be shown.",
        "Nothing was paid. Do not make this call by other means unless you know what it does.";
    "bad_offer", Asker, "Offer contradicts itself",
        "The call that the offer asks for has another reader, price, token, contract or item than the offer shows, or the terms do not ask for a payment to this contract.",
        "Nothing was paid. Tell who gave you the link.";
    "not_these_files", Asker, "Not these files",
        "What is sold does not open what is stored behind the link: it is another manifest, or sealed to another item, registry or network.",
        "Nothing was paid. Tell who gave you the link.";
    "more_than_money", Asker, "Paying is not enough",
        "The terms ask for more than a payment, and this reader does not have it.",
        "Nothing was paid. `stheno access show` tells what else is asked for.";
    "too_dear", Asker, "Too dear",
        "It costs more than --most, or is sold for another token.",
        "Nothing was paid. Raise --most if it is worth it.";
    "licence_needed", Asker, "Licence to be accepted",
        "The offer has a licence, and nobody accepted it.",
        "Get its text from the seller, read it, and accept it with --accept-licence FILE. Nothing was paid.";
    "other_licence", Asker, "Another licence",
        "The text that was accepted has another SHA-256 than the licence of the offer.",
        "Get the text from the seller, byte for byte. Nothing was paid.";
    "transaction_refused", Chain, "Transaction refused",
        "A contract refused the call, before it was sent or when it was mined.",
        "The message has the contract's reason.";
    "no_permit", Asker, "No permit",
        "The price is in FIL, or in a token that takes no permits (ERC-2612), so nobody else can send the purchase.",
        "Pay by yourself, without --sign.";
};
