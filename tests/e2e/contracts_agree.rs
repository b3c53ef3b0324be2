//! Rust and Solidity compute the same bytes: ids, digests, contexts, Merkle roots, transcripts.
//!
//! The ceremony that made the shared devnet is the witness: every message of it
//! was signed and checked by Rust nodes, and accepted by the contract.

use alloy::{
    primitives::{Address, B256, Bytes, keccak256},
    providers::{Provider, ProviderBuilder, RootProvider},
    rpc::types::Filter,
    sol_types::SolEvent,
};
use stheno_chain::contracts::CommitteeContract as contract;
use stheno_cli::devnet::{Devnet, ceremony::Ceremony};
use stheno_crypto::NodePublicKey;
use stheno_protocol::{
    Domain,
    ceremony::{
        CeremonyKind, CeremonyTerms, Member, Message, Signed, Transcript, Windows, context_digest,
        keys_root, merkle_proof, verify_key,
    },
    typed,
};

use crate::{stage, trials};

trials![
    network_id_and_domain_are_equal_in_rust_and_solidity,
    proposal_and_context_are_equal_in_rust_and_solidity,
    keys_root_is_equal_in_rust_and_solidity,
    signed_messages_of_the_log_verify_in_rust,
    transcript_recomputed_from_the_log_is_the_contracts,
];

async fn network_id_and_domain_are_equal_in_rust_and_solidity() {
    let devnet = stage::shared().await;
    let (at, id) = place(&devnet);
    let domain = domain(&devnet);
    let theirs = contract::networkIdCall { committeeId: id };
    let theirs = devnet.control().view(at, &theirs).await.unwrap();
    assert_eq!(theirs, B256::from(*domain.network.as_bytes()));
    assert_eq!(devnet.network().network_id(), domain.network);

    let theirs = contract::domainSeparatorCall { committeeId: id };
    let theirs = devnet.control().view(at, &theirs).await.unwrap();
    assert_eq!(theirs, domain.separator());
}

async fn proposal_and_context_are_equal_in_rust_and_solidity() {
    let devnet = stage::shared().await;
    let (at, id) = place(&devnet);
    let ceremony = first_ceremony(&devnet).await;
    let (info, number) = (&ceremony.info, ceremony.number);

    let call = contract::ceremonyMembersCall {
        committeeId: id,
        ceremony: number,
    };
    let members = devnet.control().view(at, &call).await.unwrap();
    let call = contract::ceremonyDealersCall {
        committeeId: id,
        ceremony: number,
    };
    let dealers = devnet.control().view(at, &call).await.unwrap();
    let call = contract::committeeCall { committeeId: id };
    let windows = devnet.control().view(at, &call).await.unwrap().windows;
    let call = contract::ceremonyKeysCall {
        committeeId: id,
        ceremony: number,
    };
    let keys = devnet.control().view(at, &call).await.unwrap();

    let terms = CeremonyTerms {
        network: domain(&devnet).network,
        number,
        kind: CeremonyKind::First,
        threshold: info.threshold,
        members: members.iter().map(member).collect(),
        dealers: dealers.iter().map(member).collect(),
        windows: Windows {
            deal: windows.deal,
            complain: windows.complain,
            answer: windows.answer,
            confirm: windows.confirm,
            margin: windows.margin,
            consent_delay: windows.consentDelay,
        },
    };
    assert_eq!(terms.members.len(), 5);
    assert_eq!(terms.proposal(), info.proposal);
    assert_eq!(terms.context(&keys), info.context);
    assert_eq!(context_digest(info.proposal, &keys), info.context);

    // And not by chance: another order is another proposal.
    let mut swapped = terms.clone();
    swapped.members.swap(0, 1);
    assert_ne!(swapped.proposal(), info.proposal);
}

async fn keys_root_is_equal_in_rust_and_solidity() {
    let devnet = stage::shared().await;
    let (at, id) = place(&devnet);
    let call = contract::epochInfoCall {
        committeeId: id,
        epoch: 1,
    };
    let epoch = devnet.control().view(at, &call).await.unwrap();
    let call = contract::epochKeysCall {
        committeeId: id,
        epoch: 1,
        first: 1,
        count: 16,
    };
    let keys = devnet.control().view(at, &call).await.unwrap();
    let keys: Vec<NodePublicKey> = keys
        .iter()
        .map(|key| NodePublicKey::from_bytes(key).expect("the nodes published all keys"))
        .collect();
    assert_eq!(keys.len(), 5);
    assert_eq!(keys_root(&keys), epoch.keysRoot);
    for (index, key) in (1..).zip(&keys) {
        let proof = merkle_proof(&keys, index).unwrap();
        assert!(verify_key(epoch.keysRoot, index, key, &proof));
    }
    let fingerprint = devnet.network().fingerprint();
    let network_key = stheno_crypto::NetworkKey::from_bytes(&epoch.networkKey).unwrap();
    assert_eq!(network_key.fingerprint(), fingerprint);
}

async fn signed_messages_of_the_log_verify_in_rust() {
    let devnet = stage::shared().await;
    let domain = domain(&devnet);
    let ceremony = first_ceremony(&devnet).await;
    let context = ceremony.info.context;
    let members = members(&devnet, ceremony.number).await;
    let identity = |index: u16| members[usize::from(index) - 1].identity;

    let registered = events::<contract::MemberRegistered>(&devnet).await;
    assert_eq!(registered.len(), 5);
    for event in registered {
        let message = typed::Registration {
            operator: event.operator,
            identity: event.identity,
            endpoint: event.endpoint,
            metadata: event.metadata,
        };
        verify(message, event.signature, &domain, event.identity);
    }
    let posted = events::<contract::CeremonyKeyPosted>(&devnet).await;
    assert_eq!(posted.len(), 5);
    for event in posted {
        let message = typed::CeremonyKey {
            ceremony: event.ceremony,
            proposal: ceremony.info.proposal,
            member: event.member,
            key: event.key,
        };
        verify(message, event.signature, &domain, identity(event.member));
    }
    let approved = events::<contract::CeremonyApproved>(&devnet).await;
    assert_eq!(approved.len(), 5);
    for event in approved {
        let message = typed::Approval {
            ceremony: event.ceremony,
            context,
        };
        verify(message, event.signature, &domain, event.operator);
    }
    let dealt = events::<contract::DealingPosted>(&devnet).await;
    assert_eq!(dealt.len(), 5);
    for event in dealt {
        let message = dealing(context, &event);
        verify(message, event.signature, &domain, identity(event.dealer));
    }
    let confirmed = events::<contract::Confirmed>(&devnet).await;
    assert_eq!(confirmed.len(), 5);
    for event in confirmed {
        let message = confirmation(context, &event);
        verify(message, event.signature, &domain, identity(event.receiver));
    }
}

async fn transcript_recomputed_from_the_log_is_the_contracts() {
    let devnet = stage::shared().await;
    let ceremony = first_ceremony(&devnet).await;
    let context = ceremony.info.context;
    let mut transcript = Transcript::start(context);
    // Nobody complained, so these two kinds are all there is; deals come first.
    for event in events::<contract::DealingPosted>(&devnet).await {
        transcript.absorb(&dealing(context, &event));
    }
    for event in events::<contract::Confirmed>(&devnet).await {
        transcript.absorb(&confirmation(context, &event));
    }
    assert_eq!(transcript.hash(), ceremony.info.transcript);

    // The parts of each dealing hash to what its dealer signed.
    let parts = events::<contract::DealingPart>(&devnet).await;
    for event in events::<contract::DealingPosted>(&devnet).await {
        let bytes: Vec<u8> = parts
            .iter()
            .filter(|part| part.dealer == event.dealer)
            .flat_map(|part| part.data.to_vec())
            .collect();
        assert_eq!(keccak256(bytes), event.dealingHash);
    }
}

fn dealing(context: B256, event: &contract::DealingPosted) -> typed::Dealing {
    typed::Dealing {
        context,
        dealer: event.dealer,
        dealingHash: event.dealingHash,
    }
}

fn confirmation(context: B256, event: &contract::Confirmed) -> typed::Confirmation {
    typed::Confirmation {
        context,
        receiver: event.receiver,
        qualified: event.outcome.qualified,
        networkKey: event.outcome.networkKey.clone(),
        keysRoot: event.outcome.keysRoot,
        proof: event.proof.clone(),
    }
}

fn verify<M: Message>(message: M, signature: Bytes, domain: &Domain, signer: Address) {
    let signed = Signed { message, signature };
    signed.verify(domain, signer).unwrap();
    assert!(signed.verify(domain, Address::repeat_byte(1)).is_err());
}

fn place(devnet: &Devnet) -> (Address, u64) {
    let contracts = devnet.contracts();
    (contracts.committee, contracts.committee_id)
}

fn domain(devnet: &Devnet) -> Domain {
    let (at, id) = place(devnet);
    Domain::of_committee(stheno_cli::devnet::anvil::CHAIN_ID, at, id)
}

async fn first_ceremony(devnet: &Devnet) -> Ceremony {
    let latest = Ceremony::latest(devnet.control(), devnet.contracts()).await;
    latest.unwrap().expect("a ceremony made this devnet's key")
}

async fn members(devnet: &Devnet, ceremony: u64) -> Vec<contract::Member> {
    let (at, id) = place(devnet);
    let call = contract::ceremonyMembersCall {
        committeeId: id,
        ceremony,
    };
    devnet.control().view(at, &call).await.unwrap()
}

fn member(member: &contract::Member) -> Member {
    Member {
        operator: member.operator,
        identity: member.identity,
    }
}

/// All events of a kind that the committee contract ever emitted, in order.
async fn events<E: SolEvent>(devnet: &Devnet) -> Vec<E> {
    let provider: RootProvider = ProviderBuilder::default().connect_http(devnet.rpc().clone());
    let filter = Filter::new()
        .address(devnet.contracts().committee)
        .event_signature(E::SIGNATURE_HASH)
        .from_block(0);
    let logs: Vec<alloy::rpc::types::Log> = provider.get_logs(&filter).await.unwrap();
    logs.iter()
        .map(|log| E::decode_log(&log.inner).unwrap().data)
        .collect()
}
