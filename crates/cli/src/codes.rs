//! All codes that a person can meet: those of nodes, of the SDK, and this command's own.

use stheno::{
    error::codes as sdk,
    protocol::{
        Code, explained,
        problem::{Explained, nearest_code},
    },
};

/// This command's own.
pub const OWN: &[Explained] = explained! {
    "input_unreadable", Asker, "Input cannot be read",
        "A file that was named does not exist, is a directory, is not text where text is expected, or cannot be read.",
        "Check the name and the rights; pack a directory first.";
    "input_too_large", Asker, "Input too large",
        "A policy or a network file is larger than 1 MiB, or a list of members larger than 256 MiB.",
        "This should be a smaller text file; check whether it is the right one.";
    "stdin_twice", Asker, "Standard input twice",
        "Two inputs were given as `-`, and there is one standard input.",
        "Give one of them as a file.";
    "output_exists", Asker, "Output exists",
        "There is a file of the output's name already, and it is kept.",
        "Give another name, or --force to replace it.";
    "output_is_directory", Asker, "Output is a directory",
        "The output's name is that of a directory.",
        "Give a file name in it.";
    "output_is_input", Asker, "Output is the input",
        "The output would replace the input while it is read.",
        "Give another name.";
    "output_is_terminal", Asker, "Output is a terminal",
        "An envelope is binary data, which would garble a terminal.",
        "Give -o FILE, or send it into a pipe.";
    "output_unwritable", Machine, "Output cannot be written",
        "The output's directory does not exist or is not yours, or the disk is full.",
        "Check the directory, its rights and the disk's space. Nothing unfinished was left behind.";
    "passphrase_needed", Asker, "Passphrase needed",
        "The keystore has a passphrase, and there is neither a terminal to ask on nor a variable that holds it.",
        "Set STHENO_KEYSTORE_PASSWORD.";
    "bad_item", Asker, "Bad item",
        "An item is 32 bytes, written as 0x and 64 hex digits.",
        "Leave --item out for a fresh one.";
    "bad_chunk_size", Asker, "Bad chunk size",
        "Chunks of this size are not written.",
        "Leave --chunk-size out; the message has the limits.";
    "node_silent", Operator, "No explanation from the node",
        "The node that was to explain a policy was not reached, or what answered is no node.",
        "Check the URL, or ask the chain itself with --rpc URL.";
    "bad_fixtures", Asker, "Bad fixtures",
        "The file of recorded answers is none, or a case does not answer what the policy asks.",
        "The message says what is missing; `stheno policy record` writes such a file.";
    "policy_test_failed", Asker, "Policy test failed",
        "Over recorded answers the policy says something else than a case expects.",
        "The tree shows which condition decided; mend the policy or the case.";
    "unknown_topic", Asker, "Unknown topic",
        "There is no command and no code of this name.",
        "`stheno help` lists the commands; PROBLEMS.md lists the codes.";
    "devnet_failed", Machine, "Devnet failed",
        "The chain or a node of the devnet did not start, ended by itself, or was too slow.",
        "The message has the end of the log; is the machine short of memory, disk or time?";
    "devnet_anvil", Machine, "No anvil",
        "The devnet's chain is anvil, and it is not where it was looked for.",
        "Run `npm ci` in the checkout's contracts folder, or name an anvil executable in STHENO_ANVIL.";
    "devnet_ports", Asker, "Ports taken",
        "Something listens already where the devnet's chain or nodes should.",
        "Choose another base with --ports, or --ports 0 for free ones.";
    "devnet_shape", Asker, "Impossible committee",
        "A committee has 1 to 256 nodes, and a threshold of more than half of them and at most all.",
        "Leave --threshold out for the smallest that is allowed.";
    "devnet_state", Asker, "State directory unusable",
        "The directory holds another devnet, one that runs or was never ready, or something else.",
        "Give the same options as at the first start, or a directory that is empty or does not exist yet.";
    "failed", Machine, "Failed",
        "Something else went wrong; the message says what.",
        "If the message does not help, tell us.";
    "output_closed", Nobody, "Nobody reads the output",
        "The program that the output went to has seen enough, such as `head`.",
        "Nothing: the command ends quietly, with exit code 141.";
    "input_changed", Machine, "Input was changed",
        "The input was changed while it was read, so the output would fit neither of its states.",
        "Wait until nothing writes to it, or take a copy of it.";
    "bad_key", Asker, "Bad key",
        "A key file, or a key that was given, is none; what it holds is not repeated.",
        "`stheno keygen -o FILE` makes such a file.";
    "bad_metadata", Asker, "Bad metadata",
        "Metadata is a JSON object, and what was given is none.",
        "Give an object, such as { \"title\": \"Gorgons\" }.";
    "bad_cid", Asker, "Bad CID",
        "The text is not the CID of a piece.",
        "A CID looks like bafkzcib…; copy it again from where the piece is stored.";
    "body_needed", Asker, "Body needed",
        "The file is a header alone; its ciphertext lies elsewhere.",
        "Fetch the object that the message names and give it with --body FILE.";
    "body_too_short", File, "Body too short",
        "The object has fewer bytes than the header says that its ciphertext has.",
        "Fetch the object again, whole.";
    "not_detached", Asker, "Not detached",
        "A body was given for an envelope whose ciphertext follows its header.",
        "Leave --body out.";
    "nothing_to_do", Asker, "Nothing to do",
        "The command would give back what it was given.",
        "Say what to change; `stheno help rewrap` has examples.";
    "policies_do_not_pair", Asker, "Policies do not pair with networks",
        "Several policies or networks were given, and it is not clear which belongs to which.",
        "Give as many of one as of the other in the same order, or one of either.";
    "policy_needed", Asker, "Policy needed",
        "A network was given, and no policy for its nodes to judge.",
        "Say who may read with --policy FILE.";
    "usage", Asker, "Usage",
        "The options do not go together, or one is missing.",
        "`stheno help` and the command's name have an example.";
    "not_importable", Asker, "Not to be converted",
        "Something of another network's conditions cannot be asked of an EVM chain, or is not clear.",
        "The message names the place; ask for the same in another way, such as a function of a contract.";
    "disk_full", Machine, "Disk full",
        "The disk of the output has no room left.",
        "Make room or choose another disk; nothing was kept of what was written.";
    "not_seekable", Asker, "A part of a stream",
        "A part was asked for of what can only be read in order.",
        "Save it to a file first, or decrypt all of it.";
    "no_piece", Asker, "No piece",
        "Filecoin names no piece of fewer than 65 bytes.",
        "Nothing: so small a file has no PieceCID.";
    "piece_mismatch", File, "Another piece",
        "The bytes are not those of the piece that was asked for. Into a file, nothing was written; into a pipe, what went out before is not to be used.",
        "Fetch the file from another source; --verify-first checks before it writes.";
    "bad_consent", Asker, "Session or delegation unusable",
        "The file is no session or delegation of this program, is not signed, or is signed by another account than its own.",
        "`stheno help session` and `stheno help delegation` say how one is made and signed.";
    "bad_receipt", File, "Receipts that do not hold",
        "A receipt is not signed by that member of that network, or the receipts of an export are no unbroken row.",
        "The message names file, line and number. Ask for the original, and keep what you were given: it may show that a node cheated.";
    "not_receipts", Asker, "Not receipts",
        "The file is no receipt, no answer of a node, no reader's file of receipts and no export.",
        "`stheno decrypt --receipts FILE` makes such a file, and so does `stheno-node export-receipts`.";
    "network_unknown", Asker, "Network not said",
        "A receipt alone does not say of which network it is, and its signature holds for one network.",
        "Give the network's file with --network FILE.";
    "ceremony_disagrees", Chain, "A ceremony that its log does not give",
        "The committee's contract says something else of a ceremony than its log gives, or the log that was shown cannot be what the contract wrote.",
        "Ask endpoints of other operators with --rpc. If they say the same, do not rely on the committee: its members or its contract cheat.";
    "no_ceremony", Asker, "No such ceremony",
        "The committee has had no ceremony, or none of that number.",
        "Leave --ceremony out for the one that made the epoch that serves; check the committee's number.";
    "deployment_differs", Asker, "Another deployment",
        "What was deployed, or the record of it, is of another network, account or version of this program.",
        "Finish it with what it was begun with, or give another output for a new network.";
    "no_room", Machine, "No room for a copy",
        "What is to be checked first has to be kept until then, and there is no room for it.",
        "Make room where temporary files go, or set TMPDIR to another folder.";
    "other_sale", Asker, "Sold as something else",
        "The output folder is sold by another account or in another registry, or is sealed to something else.",
        "Use the account and network that it was sold with, or another output folder.";
    "bad_sale_file", File, "sale.json unusable",
        "The file that says which item an encrypted folder is sold as cannot be read.",
        "Restore it, or sell from another output folder.";
    "unknown_seller", Asker, "Contract not known",
        "With --yes only contracts of the network file are paid, and the one that sells is none of them.",
        "Give the network file, or --seller ADDRESS if you know the contract and its owner. Nothing was paid.";
    "not_agreed", Asker, "Not agreed",
        "Whoever was asked did not say yes, or nobody was there to be asked.",
        "Answer y, or give --yes. Nothing was paid.";
    "purchase_undone", Chain, "Purchase undone",
        "After a purchase the reader may not read: the chain gave its block up before it was final, or the owner changed the terms meanwhile.",
        "Look whether the transaction is in another block, and what `stheno access show` says of the terms.";
    "bad_purchase", File, "No signed purchase",
        "The file is not a purchase that `stheno buy --sign` wrote, or was changed.",
        "Have it signed again.";
};

/// All codes, those of nodes first.
pub fn all() -> impl Iterator<Item = Explained> {
    let nodes = Code::ALL.iter().map(|code| code.explained());
    nodes
        .chain(sdk::ALL.iter().copied())
        .chain(OWN.iter().copied())
}

/// What a code means.
pub fn find(code: &str) -> Option<Explained> {
    all().find(|explained| explained.code == code)
}

/// The code that was meant, if one is near.
pub fn nearest(typed: &str) -> Option<&'static str> {
    nearest_code(typed, all().map(|explained| explained.code))
}
