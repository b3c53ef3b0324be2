//! Nodes that are slow, silent, gone, confused or corrupt: the result is right, the culprit is
//! named, and it does not take long.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use ark_bls12_381::{Fq, Fr, G1Affine};
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{BigInteger, PrimeField};
use stheno::{
    Client, DecryptOptions, Decrypted, EncryptOptions, Error, Event, Misbehaviour, Outcome, Policy,
    Tally, Tuning, Wallet,
    protocol::{B256, Bytes, Code},
    testing::{CHAIN_ID, Committee, Fault},
};

const TEXT: &[u8] = b"the same bytes, whatever some nodes do";
/// Far more than anything here takes, far less than any timeout that would have to expire.
const SOON: Duration = Duration::from_millis(1500);

struct Scene {
    committee: Committee,
    client: Client,
    wallet: Wallet,
    envelope: Vec<u8>,
}

async fn scene(threshold: u16, size: u16) -> Scene {
    let committee = Committee::new(threshold, size).unwrap();
    let client = committee.client();
    let wallet = Wallet::random().unwrap();
    committee.chain().set_balance(wallet.address(), 1);
    committee.chain().finalize();
    let policy = Policy::from_json(&format!(
        r#"{{ "version": 1, "rule": {{ "balance": {{ "chain": {CHAIN_ID}, "min": "1" }} }} }}"#
    ))
    .unwrap();
    let mut envelope = Vec::new();
    client
        .encrypt(&policy, TEXT, &mut envelope, EncryptOptions::default())
        .await
        .unwrap();
    Scene {
        committee,
        client,
        wallet,
        envelope,
    }
}

impl Scene {
    async fn decrypt(&self) -> Result<Decrypted, Error> {
        let mut plaintext = Vec::new();
        let begin = Instant::now();
        let result = self
            .client
            .decrypt(&self.wallet, self.envelope.as_slice(), &mut plaintext)
            .await;
        assert!(
            begin.elapsed() < SOON,
            "took {:?}: {result:?}",
            begin.elapsed()
        );
        match &result {
            Ok(_) => assert_eq!(plaintext, TEXT),
            Err(_) => assert!(plaintext.is_empty()),
        }
        result
    }
}

fn culprits(tally: &Tally) -> Vec<u16> {
    tally.culprits().map(|report| report.node.get()).collect()
}

#[tokio::test]
async fn file_opens_when_two_of_five_nodes_are_down() {
    let scene = scene(3, 5).await;
    scene.committee.set_fault(1, Fault::Down);
    scene.committee.set_fault(4, Fault::Down);
    let decrypted = scene.decrypt().await.unwrap();
    assert_eq!(decrypted.tally.shared(), 3);
}

#[tokio::test]
async fn error_says_who_answered_and_why_not_when_three_of_five_are_down() {
    let scene = scene(3, 5).await;
    for node in [1, 3, 4] {
        scene.committee.set_fault(node, Fault::Down);
    }
    let error = scene.decrypt().await.unwrap_err();
    let Error::TooFewNodes(tally) = &error else {
        panic!("{error}")
    };
    assert_eq!(
        (tally.answered(), tally.total(), tally.threshold),
        (2, 5, 3)
    );
    assert_eq!(tally.failures().count(), 3);
    assert_eq!(error.headline(), "2 of 5 nodes answered, 3 are needed");
    assert!(
        error
            .to_string()
            .contains("node 4 (http://node-4.test/) not reached"),
        "{error}"
    );
    assert!(!error.is_denial());
}

#[tokio::test]
async fn file_opens_quickly_when_nodes_are_silent_or_slow() {
    let scene = scene(3, 5).await;
    scene.committee.set_fault(1, Fault::Silent);
    scene
        .committee
        .set_fault(2, Fault::Slow(Duration::from_secs(30)));
    scene.decrypt().await.unwrap();
}

#[tokio::test]
async fn silence_ends_when_too_few_others_are_left() {
    let mut scene = scene(3, 5).await;
    scene.client = scene.client.with_tuning(Tuning {
        answer_timeout: Duration::from_millis(300),
        hedge_after: Duration::from_millis(50),
        ..Tuning::default()
    });
    for node in [1, 2, 5] {
        scene.committee.set_fault(node, Fault::Silent);
    }
    let error = scene.decrypt().await.unwrap_err();
    let Error::TooFewNodes(tally) = &error else {
        panic!("{error}")
    };
    assert_eq!(tally.shared(), 2);
    let silent = |outcome: &Outcome| matches!(outcome, Outcome::Silent { after_ms: 300 });
    assert_eq!(
        tally
            .failures()
            .filter(|report| silent(&report.outcome))
            .count(),
        3
    );
}

/// Puts `fault` on nodes 1 and 2 of five: the file opens, and both are named.
async fn opens_and_names_both(fault: Fault) -> Tally {
    let scene = scene(3, 5).await;
    scene.committee.set_fault(1, fault.clone());
    scene.committee.set_fault(2, fault.clone());
    let decrypted = scene.decrypt().await.unwrap();
    assert_eq!(culprits(&decrypted.tally), [1, 2], "{fault:?}");
    assert_eq!(decrypted.receipts.len(), 3);
    assert!(
        decrypted
            .receipts
            .iter()
            .all(|receipt| receipt.body.node > 2)
    );
    decrypted.tally
}

#[tokio::test]
async fn garbage_is_blamed_on_its_node() {
    let tally = opens_and_names_both(Fault::Garbage).await;
    assert!(
        tally.reports[0]
            .to_string()
            .contains("misbehaves: its answer"),
        "{tally:?}"
    );
}

#[tokio::test]
async fn share_of_wrong_length_is_blamed_on_its_node() {
    opens_and_names_both(Fault::shares(|shares| vec![shares[0].slice(..200)])).await;
    opens_and_names_both(Fault::shares(|_| vec![Bytes::new()])).await;
    opens_and_names_both(Fault::shares(|_| vec![])).await;
    opens_and_names_both(Fault::shares(|shares| [shares.clone(), shares].concat())).await;
}

#[tokio::test]
async fn share_with_a_flipped_bit_is_blamed_on_its_node() {
    for at in [0, 50, 100, 150, 191, 200, 287] {
        let scene = scene(3, 5).await;
        let flip = Fault::shares(move |mut shares| {
            let mut bytes = shares[0].to_vec();
            bytes[at] ^= 1;
            shares[0] = bytes.into();
            shares
        });
        scene.committee.set_fault(1, flip);
        let decrypted = scene.decrypt().await.unwrap();
        // C2 is decoded only to find culprits; a reader does without it.
        if at < 192 {
            assert_eq!(culprits(&decrypted.tally), [1], "byte {at}");
        }
    }
}

#[tokio::test]
async fn share_of_another_node_is_blamed_on_who_sent_it() {
    let scene = scene(3, 5).await;
    let seen = Arc::new(Mutex::new(None::<Vec<Bytes>>));
    let (record, replay) = (seen.clone(), seen);
    scene.committee.set_fault(
        1,
        Fault::shares(move |shares| {
            *record.lock().unwrap() = Some(shares.clone());
            shares
        }),
    );
    scene.committee.set_fault(
        2,
        Fault::shares(move |shares| replay.lock().unwrap().clone().unwrap_or(shares)),
    );
    let decrypted = scene.decrypt().await.unwrap();
    assert_eq!(culprits(&decrypted.tally), [2]);
}

#[tokio::test]
async fn share_of_an_earlier_request_is_blamed_on_its_node() {
    let scene = scene(3, 5).await;
    let first = Arc::new(Mutex::new(None::<Vec<Bytes>>));
    let replay = Fault::shares(move |shares| first.lock().unwrap().get_or_insert(shares).clone());
    scene.committee.set_fault(1, replay);
    assert_eq!(culprits(&scene.decrypt().await.unwrap().tally), [0; 0]);
    assert_eq!(culprits(&scene.decrypt().await.unwrap().tally), [1]);
}

#[tokio::test]
async fn torsion_in_either_component_never_opens_and_is_blamed_on_its_node() {
    for component in [0, 96] {
        // A different point at each node: weights such as 3, -3 and 1 cancel equal ones, and what
        // is cancelled opens, with nobody to blame.
        let calls = AtomicU64::new(0);
        let fault = Fault::shares(move |mut shares| {
            let mut bytes = shares[0].to_vec();
            let call = calls.fetch_add(1, Ordering::Relaxed);
            add_torsion(&mut bytes[component..component + 96], call);
            shares[0] = bytes.into();
            shares
        });
        let tally = opens_and_names_both(fault).await;
        assert_eq!(
            tally.reports[0].outcome,
            Outcome::Misbehaved(Misbehaviour::Share)
        );
    }
}

/// Adds the `nth` of some points outside the subgroup to an uncompressed point. Their order is
/// large: weights that three divides would leave nothing of one of order three.
fn add_torsion(bytes: &mut [u8], nth: u64) {
    let fq = |bytes: &[u8]| Fq::from_be_bytes_mod_order(bytes);
    let point = G1Affine::new_unchecked(fq(&bytes[..48]), fq(&bytes[48..]));
    let torsion = (1u64..)
        .filter_map(|x| G1Affine::get_point_from_x_unchecked(Fq::from(x), false))
        .nth(nth as usize)
        .unwrap()
        .mul_bigint(Fr::MODULUS)
        .into_affine();
    assert!(point.is_on_curve() && torsion.is_on_curve());
    assert!(!torsion.mul_bigint([3u64]).into_affine().is_zero());
    let sum = (point.into_group() + torsion).into_affine();
    assert!(sum.is_on_curve() && !sum.is_in_correct_subgroup_assuming_on_curve());
    bytes[..48].copy_from_slice(&sum.x.into_bigint().to_bytes_be());
    bytes[48..].copy_from_slice(&sum.y.into_bigint().to_bytes_be());
}

#[tokio::test]
async fn receipt_for_something_else_is_blamed_on_its_node() {
    type Change = fn(&mut stheno::protocol::Answer);
    let changes: [Change; 9] = [
        |answer| answer.receipt.signature = vec![0; 65].into(),
        |answer| answer.receipt.signature = Bytes::new(),
        |answer| answer.receipt.body.shares_digest = B256::ZERO,
        |answer| answer.receipt.body.request_digest = B256::ZERO,
        |answer| answer.receipt.body.node += 1,
        |answer| answer.receipt.body.epoch += 1,
        |answer| answer.receipt.body.time += 1,
        |answer| answer.node += 1,
        |answer| answer.shares.reverse(),
    ];
    for (change, number) in changes.into_iter().zip(0..) {
        let scene = scene(3, 5).await;
        scene.committee.set_fault(1, Fault::answer(change));
        let decrypted = scene.decrypt().await.unwrap();
        // Reversing a list of one changes nothing: the control.
        let expected: &[u16] = if number == 8 { &[] } else { &[1] };
        assert_eq!(culprits(&decrypted.tally), expected, "change {number}");
    }
}

#[tokio::test]
async fn shares_changed_on_the_way_are_found_by_the_receipt() {
    let scene = scene(3, 5).await;
    let change = |answer: &mut stheno::protocol::Answer| {
        let mut bytes = answer.shares[0].to_vec();
        bytes[287] ^= 1;
        answer.shares[0] = bytes.into();
    };
    scene.committee.set_fault(1, Fault::answer(change));
    let decrypted = scene.decrypt().await.unwrap();
    let outcome = &decrypted.tally.reports[0].outcome;
    assert!(
        matches!(outcome, Outcome::Misbehaved(Misbehaviour::Receipt(_))),
        "{outcome}"
    );
}

#[tokio::test]
async fn bad_share_does_no_harm_when_node_keys_are_not_published() {
    let scene = scene(3, 5).await;
    scene.committee.publish_node_keys(false);
    let stale = Arc::new(Mutex::new(None::<Vec<Bytes>>));
    scene.committee.set_fault(
        2,
        Fault::shares(move |shares| stale.lock().unwrap().get_or_insert(shares).clone()),
    );
    scene.decrypt().await.unwrap();
    // Nobody can be named now, and yet it opens.
    assert_eq!(culprits(&scene.decrypt().await.unwrap().tally), [0; 0]);
}

#[tokio::test]
async fn too_many_bad_shares_fail_and_name_every_culprit() {
    let scene = scene(3, 5).await;
    for node in [1, 2, 4] {
        let fault = Fault::shares(|mut shares| {
            let bytes = shares[0].to_vec();
            shares[0] = [&bytes[96..192], &bytes[..96], &bytes[192..]]
                .concat()
                .into();
            shares
        });
        scene.committee.set_fault(node, fault);
    }
    let error = scene.decrypt().await.unwrap_err();
    let Error::TooFewNodes(tally) = &error else {
        panic!("{error}")
    };
    assert_eq!(culprits(tally), [1, 2, 4]);
    assert_eq!(tally.shared(), 2);
}

#[tokio::test]
async fn lies_about_the_final_head_are_outvoted() {
    type Lie = fn(&mut stheno::protocol::Status);
    let lies: [Lie; 5] = [
        |status| status.heads[0].finalized.as_mut().unwrap().number += 1_000_000,
        |status| status.heads[0].finalized.as_mut().unwrap().number = 0,
        |status| status.heads[0].finalized.as_mut().unwrap().hash = B256::ZERO,
        |status| status.heads.clear(),
        |status| status.network = stheno::NetworkId::from_bytes([1; 32]),
    ];
    for (lie, number) in lies.into_iter().zip(0..) {
        let scene = scene(3, 5).await;
        scene.committee.chain().mine(40);
        scene.committee.set_fault(1, Fault::status(lie));
        scene.committee.set_fault(2, Fault::status(lie));
        let result = scene.decrypt().await;
        assert!(result.is_ok(), "lie {number}: {:?}", result.unwrap_err());
    }
}

#[tokio::test]
async fn lies_and_absence_together_do_no_harm_in_a_larger_committee() {
    let scene = scene(5, 8).await;
    scene.committee.set_fault(1, Fault::Down);
    scene.committee.set_fault(2, Fault::Garbage);
    scene
        .committee
        .set_fault(3, Fault::shares(|_| vec![vec![0; 288].into()]));
    let decrypted = scene.decrypt().await.unwrap();
    assert!(
        culprits(&decrypted.tally)
            .iter()
            .all(|node| [2, 3].contains(node))
    );
    assert_eq!(decrypted.receipts.len(), 5);
}

#[tokio::test]
async fn node_that_lags_by_a_block_is_asked_again_in_the_same_round() {
    let scene = scene(3, 3).await;
    scene
        .committee
        .set_fault(2, Fault::refuses(Code::AnchorNotFinal, 2));
    let waited = Arc::new(Mutex::new(false));
    let noting = waited.clone();
    let options = DecryptOptions::default().observer(move |event| {
        if matches!(event, Event::Waiting { .. }) {
            *noting.lock().unwrap() = true;
        }
    });
    let sealed = scene.envelope.as_slice();
    scene
        .client
        .decrypt_with(&scene.wallet, sealed, std::io::sink(), &options)
        .await
        .unwrap();
    assert!(!*waited.lock().unwrap(), "there was a second round");
}

#[tokio::test]
async fn denial_is_told_by_the_node_that_lags_as_well() {
    let scene = scene(3, 5).await;
    scene
        .committee
        .set_fault(5, Fault::refuses(Code::AnchorNotFinal, 2));
    let stranger = Wallet::random().unwrap();
    let sealed = scene.envelope.as_slice();
    let error = scene
        .client
        .decrypt(&stranger, sealed, std::io::sink())
        .await
        .unwrap_err();
    assert_eq!(error.headline(), "access denied by 5 of 5 nodes");
}
