//! `stheno ceremony audit`: the log gives what the chain says, or the audit says where it does not.

use std::time::Duration;

use alloy::{
    primitives::{B256, Bytes},
    rpc::types::Log,
    sol_types::{SolCall, SolEvent},
};
use serde_json::Value;
use stheno_chain::contracts::CommitteeContract as contract;
use stheno_cli::devnet::{Devnet, anvil::CHAIN_ID, contracts::Contracts};
use url::Url;

use crate::{
    ceremony_lied_to::{change_logs, hide_a_dealing, show_another_key},
    command::{Said, run, stheno},
    gate::{Gate, Question, selector_of_call},
    stage, trials,
};

trials![
    audit_of_a_good_ceremony_gives_the_keys_of_the_chain,
    audit_of_a_log_that_was_shortened_or_garbled_says_so,
    audit_of_a_chain_that_says_something_else_says_so,
    audit_through_endpoints_that_disagree_names_both,
    audit_says_what_is_missing,
];

/// `stheno ceremony audit` of the first committee.
pub(crate) async fn audit(contracts: &Contracts, rpc: &[&Url], more: &[&str]) -> Said {
    let mut command = stheno(["ceremony", "audit"]);
    for url in rpc {
        command.args(["--rpc", url.as_str()]);
    }
    command.args(["--chain", &CHAIN_ID.to_string()]);
    command.args(["--contract", &contracts.committee.to_string()]);
    command.args(["--committee", &contracts.committee_id.to_string()]);
    run(command.args(more)).await
}

/// The node keys of the first epoch, once they are on the chain and final.
pub(crate) async fn published_keys(devnet: &Devnet) -> Vec<Bytes> {
    let call = contract::epochKeysCall {
        committeeId: 1,
        epoch: 1,
        first: 1,
        count: 5,
    };
    let at = devnet.contracts().committee;
    for _ in 0..300 {
        let keys = devnet.control().view(at, &call).await.unwrap();
        if keys.iter().all(|key| !key.is_empty()) {
            let head = devnet.control().head().await.unwrap();
            while devnet.control().finalized().await.unwrap() < head {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            return keys;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("no member publishes the node keys");
}

/// Side, index and fault of every deviation in a report.
pub(crate) fn deviations(report: &Value) -> Vec<(String, u64, String)> {
    let text = |one: &Value, name: &str| one[name].as_str().unwrap().to_owned();
    let list = report["deviations"].as_array().unwrap();
    list.iter()
        .map(|one| {
            (
                text(one, "side"),
                one["index"].as_u64().unwrap(),
                text(one, "fault"),
            )
        })
        .collect()
}

async fn audit_of_a_good_ceremony_gives_the_keys_of_the_chain() {
    let devnet = stage::shared().await;
    let mut command = stheno(["ceremony", "audit", "--json", "--network"]);
    let said = run(command.arg(devnet.network_path())).await;
    let report = said.expect_done().json();
    assert_eq!(
        (&report["agrees"], &report["kind"]),
        (&true.into(), &"first".into())
    );
    assert_eq!(
        (&report["epoch"], &report["threshold"]),
        (&1.into(), &3.into())
    );
    assert_eq!(report["qualified"], serde_json::json!([1, 2, 3, 4, 5]));
    let pinned = devnet.network().network_key.clone().unwrap();
    assert_eq!(report["networkKey"], pinned.to_string());
    assert_eq!(deviations(&report), []);
    for (row, member) in report["dealers"]
        .as_array()
        .unwrap()
        .iter()
        .zip(devnet.members())
    {
        assert_eq!(
            row["operator"],
            serde_json::json!(member.operator().account)
        );
        assert_eq!(
            (&row["approved"], &row["counts"]),
            (&true.into(), &true.into())
        );
    }
    for row in report["receivers"].as_array().unwrap() {
        assert_eq!(
            (&row["postedKey"], &row["confirmed"]),
            (&true.into(), &"yes".into())
        );
    }
    let keys = published_keys(&devnet).await;
    assert_eq!(report["nodeKeys"], serde_json::json!(keys));

    // In words, by address, through two ways to the same chain.
    let other = Gate::before(devnet.rpc(), 0).await;
    let said = audit(devnet.contracts(), &[devnet.rpc(), other.url()], &[]).await;
    said.expect_done();
    let key = pinned.to_string();
    for words in [
        "made epoch 1",
        "any 3 of 5",
        "agrees: the chain has the keys",
        &key,
    ] {
        assert!(
            said.stdout.contains(words),
            "no `{words}` in {}",
            said.stdout
        );
    }
}

/// Every lie about the log is found, by the running hash or by what does not fit together.
async fn audit_of_a_log_that_was_shortened_or_garbled_says_so() {
    let devnet = stage::shared().await;
    let gate = Gate::before(devnet.rpc(), 0).await;
    type Lie = fn(&Question<'_>, &mut Value);
    let lies: [(&str, Lie, &[&str]); 10] = [
        ("hides a dealing", hide_a_dealing, &["running hash"]),
        ("shows another ceremony key", show_another_key, &["context"]),
        (
            "hides a confirmation",
            |asked, answer| {
                hide::<contract::Confirmed>(asked, answer, 1);
            },
            &["running hash", "left out"],
        ),
        (
            "hides an approval",
            |asked, answer| {
                hide::<contract::CeremonyApproved>(asked, answer, 1);
            },
            &["4 of 5 approvals"],
        ),
        (
            "hides the activation",
            |asked, answer| {
                hide::<contract::CeremonyActivated>(asked, answer, 1);
            },
            &["`active`", "`running`"],
        ),
        (
            "hides everything",
            |asked, answer| change_logs(asked, answer, Vec::clear),
            &["no event of this ceremony"],
        ),
        (
            "cuts the end off",
            |asked, answer| {
                change_logs(asked, answer, |logs| logs.truncate(logs.len() * 2 / 3));
            },
            &["is not what its log gives"],
        ),
        (
            "garbles a dealing",
            garble_a_dealing,
            &["running hash", "parts are not what was signed"],
        ),
        (
            "activates another key",
            activate_another_root,
            &["other node keys than its log gives"],
        ),
        (
            "repeats a confirmation",
            repeat_a_confirmation,
            &["second confirmation"],
        ),
    ];
    for (name, lie, words) in lies {
        gate.set_lie(lie);
        let said = audit(devnet.contracts(), &[gate.url()], &[]).await;
        said.expect_error(1, words);
        said.expect_hint();
        assert!(
            said.stdout.contains("disagrees: "),
            "{name}: {}",
            said.stdout
        );
        let said = audit(devnet.contracts(), &[gate.url()], &["--json"]).await;
        assert_eq!(said.json()["agrees"], false, "{name}");
        let error: Value = serde_json::from_str(&said.stderr).unwrap();
        assert_eq!(error["code"], "ceremony_disagrees", "{name}");
    }
    gate.tell_the_truth();
    audit(devnet.contracts(), &[gate.url()], &[])
        .await
        .expect_done();
}

/// The log is true, and the contract's views are not.
async fn audit_of_a_chain_that_says_something_else_says_so() {
    let devnet = stage::shared().await;
    let gate = Gate::before(devnet.rpc(), 0).await;
    // The running hash is the last word of the ceremony, the state its second.
    gate.set_lie(|asked, answer| {
        change_view(
            asked,
            answer,
            contract::ceremonyInfoCall::SELECTOR,
            |bytes| {
                *bytes.last_mut().unwrap() ^= 1;
            },
        );
    });
    let said = audit(devnet.contracts(), &[gate.url()], &[]).await;
    said.expect_error(1, &["running hash"]);
    gate.set_lie(|asked, answer| {
        change_view(
            asked,
            answer,
            contract::ceremonyInfoCall::SELECTOR,
            |bytes| bytes[63] = 5,
        );
    });
    let said = audit(devnet.contracts(), &[gate.url()], &[]).await;
    said.expect_error(1, &["the contract calls the ceremony `failed`"]);
    // The dealers that counted, the sixth word behind the offset.
    gate.set_lie(|asked, answer| {
        change_view(asked, answer, contract::epochInfoCall::SELECTOR, |bytes| {
            bytes[32 * 7 - 1] ^= 2;
        });
    });
    let said = audit(devnet.contracts(), &[gate.url()], &[]).await;
    said.expect_error(
        1,
        &["the contract has epoch 1 otherwise than it was activated"],
    );

    // A network file that pins another key.
    let mut file: Value =
        serde_json::from_slice(&std::fs::read(devnet.network_path()).unwrap()).unwrap();
    file["networkKeyFingerprint"] = serde_json::json!(B256::repeat_byte(7));
    file.as_object_mut().unwrap().remove("networkKey");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("network.json");
    std::fs::write(&path, file.to_string()).unwrap();
    let said = run(stheno(["ceremony", "audit", "--network"]).arg(&path)).await;
    said.expect_error(1, &["fingerprint", "pins"]);
}

async fn audit_through_endpoints_that_disagree_names_both() {
    let devnet = stage::shared().await;
    let gate = Gate::before(devnet.rpc(), 0).await;
    gate.set_lie(hide_a_dealing);
    let said = audit(devnet.contracts(), &[devnet.rpc(), gate.url()], &[]).await;
    let port = |url: &Url| url.port().unwrap().to_string();
    said.expect_error(
        2,
        &["agree on the logs", &port(devnet.rpc()), &port(gate.url())],
    );
    // Two that are honest outvote the one that is not.
    let honest = Gate::before(devnet.rpc(), 0).await;
    let rpc = [devnet.rpc(), gate.url(), honest.url()];
    audit(devnet.contracts(), &rpc, &[]).await.expect_done();
}

async fn audit_says_what_is_missing() {
    let devnet = stage::shared().await;
    let contracts = devnet.contracts();
    let said = audit(contracts, &[devnet.rpc()], &["--ceremony", "9"]).await;
    said.expect_error(2, &["UnknownCeremony"]).expect_hint();
    let said = audit(contracts, &[], &[]).await;
    said.expect_error(2, &["no way to the committee's chain"])
        .expect_hint();
    let said = run(&mut stheno([
        "ceremony",
        "audit",
        "--rpc",
        "http://127.0.0.1:9",
    ]))
    .await;
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.stderr.contains("--network"), "{said:?}");
    let closed = "http://127.0.0.1:9".parse().unwrap();
    let said = audit(contracts, &[&closed], &[]).await;
    said.expect_error(2, &["127.0.0.1:9"]).expect_hint();
    let mut elsewhere = *contracts;
    elsewhere.committee_id = 77;
    let said = audit(&elsewhere, &[devnet.rpc()], &[]).await;
    said.expect_error(2, &["UnknownCommittee"]).expect_hint();
}

/// Leaves out the first so many events of a kind.
fn hide<E: SolEvent>(asked: &Question<'_>, answer: &mut Value, count: usize) {
    let mut left = count;
    change_logs(asked, answer, |logs| {
        logs.retain(|log| {
            let hidden = left > 0 && E::decode_log(&log.inner).is_ok();
            left -= usize::from(hidden);
            !hidden
        });
    });
}

fn garble_a_dealing(asked: &Question<'_>, answer: &mut Value) {
    change_first::<contract::DealingPart>(asked, answer, |event| {
        let mut data = event.data.to_vec();
        data[300] ^= 1;
        event.data = Bytes::from(data);
    });
}

fn activate_another_root(asked: &Question<'_>, answer: &mut Value) {
    change_first::<contract::CeremonyActivated>(asked, answer, |event| {
        event.outcome.keysRoot = B256::repeat_byte(1);
    });
}

fn repeat_a_confirmation(asked: &Question<'_>, answer: &mut Value) {
    change_logs(asked, answer, |logs| {
        let found = logs
            .iter()
            .position(|log| contract::Confirmed::decode_log(&log.inner).is_ok());
        if let Some(at) = found {
            let mut again = logs[at].clone();
            again.log_index = again.log_index.map(|index| index + 500);
            logs.insert(at + 1, again);
        }
    });
}

fn change_first<E: SolEvent>(
    asked: &Question<'_>,
    answer: &mut Value,
    change: impl FnOnce(&mut E),
) {
    change_logs(asked, answer, |logs: &mut Vec<Log>| {
        let mut found = logs.iter_mut().filter_map(|log| {
            let event = E::decode_log(&log.inner).ok()?.data;
            Some((log, event))
        });
        if let Some((log, mut event)) = found.next() {
            change(&mut event);
            log.inner.data = event.encode_log_data();
        }
    });
}

/// Changes what a view function returns.
fn change_view(
    asked: &Question<'_>,
    answer: &mut Value,
    selector: [u8; 4],
    change: impl FnOnce(&mut Vec<u8>),
) {
    if asked.method != "eth_call" || selector_of_call(asked) != Some(selector) {
        return;
    }
    let bytes: Bytes = answer.as_str().unwrap().parse().unwrap();
    let mut bytes = bytes.to_vec();
    change(&mut bytes);
    *answer = Bytes::from(bytes).to_string().into();
}
