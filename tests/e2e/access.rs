//! Who reads, said on chain and changed there, through the command line; networks that are deployed.

use std::{process::Stdio, time::Duration};

use alloy::{
    primitives::Address,
    providers::{Provider, ProviderBuilder, RootProvider},
    sol_types::SolCall,
};
use serde_json::{Value, json};
use stheno::{NetworkFile, chain::contracts::AccessRegistryContract::periodsCall as PeriodsCall};
use stheno_cli::devnet::{Devnet, accounts::OWNER};

use crate::{
    command::{Said, run, stheno, text},
    desk::{Desk, noise},
    gate::{Gate, Passage, selector_of_call},
    someone::Someone,
    stage, trials,
};

trials![
    item_is_refused_granted_and_revoked_while_its_bytes_stay,
    collection_grants_its_periods_and_no_others_items,
    access_names_what_is_wrong,
    deployment_that_is_killed_at_every_step_makes_one_of_each_contract,
    network_file_is_written_once_the_committee_has_a_key,
];

/// `stheno access …` on the devnet's registry, as somebody.
async fn access(desk: &Desk, who: &Someone, args: &[&str]) -> Said {
    let mut command = stheno(["access"]);
    command.args(args).arg("--network").arg(desk.network());
    run(command.env("STHENO_PRIVATE_KEY", who.key())).await
}

/// The same, which succeeds: what it printed.
async fn done(desk: &Desk, who: &Someone, args: &[&str]) -> Value {
    let args: Vec<&str> = args.iter().copied().chain(["--json"]).collect();
    access(desk, who, &args).await.expect_done().json()
}

/// `stheno encrypt` under the policy that was written, to an item.
async fn encrypt(desk: &Desk, item: &str, to: &str) -> Said {
    let mut command = stheno(["encrypt", &desk.path("data"), "-o", &desk.path(to)]);
    command.args(["--policy", &desk.path("policy.json"), "--item", item]);
    run(command.arg("--network").arg(desk.network())).await
}

/// The right that is not final yet is waited for; what was revoked is denied at once.
async fn item_is_refused_granted_and_revoked_while_its_bytes_stay() {
    let devnet = stage::shared().await;
    let desk = Desk::new(&devnet);
    let names = ["terms: owner", "terms: ann", "terms: ben"];
    let [owner, ann, ben] = Someone::several(&devnet, names).await;
    let [ann_address, ben_address] = [&ann, &ben].map(|who| who.signer.address().to_string());
    let original = noise(40, 300_000);
    desk.put("data", &original);

    let policy = desk.path("policy.json");
    let created = done(&desk, &owner, &["create", "--granted", "-o", &policy]).await;
    assert_eq!(created["kind"], "item");
    assert_eq!(created["final"], true);
    assert_eq!(
        created["owner"],
        owner.signer.address().to_string().to_lowercase()
    );
    let (item, salt) = (text(&created["id"]), text(&created["salt"]));
    encrypt(&desk, &item, "data.fee").await.expect_done();
    let stored = desk.read("data.fee");

    // Once more with the same salt: nothing is left to do.
    let again = done(&desk, &owner, &["create", "--granted", "--salt", &salt]).await;
    assert_eq!(
        (&again["id"], &again["already"]),
        (&created["id"], &Value::Bool(true))
    );

    let said = desk.decrypt(&ann, "data.fee", "copy", &[]).await;
    said.expect_error(1, &["access denied", "condition_not_met"]);

    done(
        &desk,
        &owner,
        &["grant", &item, &ann_address, &ben_address, "--for", "30d"],
    )
    .await;
    let said = desk.decrypt(&ann, "data.fee", "copy", &[]).await;
    said.expect_done();
    assert!(desk.read("copy") == original);
    let shown = done(&desk, &ann, &["show", &item, "--reader", &ben_address]).await;
    assert_eq!(shown["reader"]["reads"], "true", "{shown}");
    assert_eq!(shown["terms"], "granted");

    done(&desk, &owner, &["revoke", &item, &ben_address]).await;
    // A look at the head that is half a second old is good enough for a grant.
    tokio::time::sleep(Duration::from_millis(700)).await;
    let said = desk.decrypt(&ben, "data.fee", "copy-2", &[]).await;
    said.expect_error(1, &["access denied"]);
    let said = desk.decrypt(&ann, "data.fee", "copy-3", &[]).await;
    said.expect_done();

    // Other terms, by a role that the owner gives; the bytes are the same.
    let open = ["set", &item, "--open"];
    let said = access(&desk, &ann, &open).await;
    said.expect_error(2, &["may not change", "terms"])
        .expect_hint();
    done(&desk, &owner, &["roles", &item, &ann_address, "terms"]).await;
    done(&desk, &ann, &open).await;
    let said = desk.decrypt(&ben, "data.fee", "copy-4", &[]).await;
    said.expect_done();
    assert!(desk.read("copy-4") == original);

    let terms = desk.put("terms.json", r#"{"all": ["granted", "open"]}"#);
    let set = done(&desk, &owner, &["set", &item, "--terms", &terms]).await;
    assert_eq!(set["already"], false);
    let set = done(&desk, &owner, &["set", &item, "--terms", &terms]).await;
    assert_eq!(set["already"], true);
    let said = desk.decrypt(&ben, "data.fee", "copy-5", &[]).await;
    said.expect_error(1, &["access denied"]);
    let shown = access(
        &desk,
        &ben,
        &["show", &item, "--reader", &ben_address, "--head"],
    )
    .await;
    for words in ["reads       no", "✗ all of", "  ✗ has a grant", "  ✓ open"] {
        assert!(
            shown.expect_done().stdout.contains(words),
            "{words}: {shown:?}"
        );
    }
    assert!(desk.read("data.fee") == stored);
}

/// A reader who has one period has not the next one's key, and the collection's owner can change.
async fn collection_grants_its_periods_and_no_others_items() {
    let devnet = stage::shared().await;
    let desk = Desk::new(&devnet);
    let names = ["issues: owner", "issues: ann", "issues: heir"];
    let [owner, ann, heir] = Someone::several(&devnet, names).await;
    let [ann_address, heir_address] = [&ann, &heir].map(|who| who.signer.address().to_string());
    let original = noise(41, 5_000);
    desk.put("data", &original);
    let created = done(&desk, &owner, &["create", "--collection", "--granted"]).await;
    let collection = text(&created["id"]);
    // Nothing is sealed to a collection itself.
    let policy = desk.path("policy.json");
    let first = done(&desk, &owner, &["begin", &collection, "-o", &policy]).await;
    let said = encrypt(&desk, &collection, "never.fee").await;
    said.expect_error(2, &["is no item"]).expect_hint();
    let item = text(&first["id"]);
    encrypt(&desk, &item, "first.fee").await.expect_done();

    done(&desk, &owner, &["grant", &collection, &ann_address]).await;
    let said = desk.decrypt(&ann, "first.fee", "first", &[]).await;
    said.expect_done();
    assert!(desk.read("first") == original);

    // The collection changes hands; who was granted keeps the grant until the heir says otherwise.
    done(
        &desk,
        &owner,
        &["transfer", &collection, "--to", &heir_address],
    )
    .await;
    let said = access(&desk, &ann, &["accept", &collection]).await;
    said.expect_error(2, &["was not offered"]).expect_hint();
    done(&desk, &heir, &["accept", &collection]).await;
    let said = access(&desk, &owner, &["begin", &collection]).await;
    said.expect_error(2, &["may not change"]);
    let second = done(&desk, &heir, &["begin", &collection]).await;
    assert_eq!(
        (&second["number"], &first["number"]),
        (&2.into(), &1.into())
    );
    let item = text(&second["id"]);
    assert_ne!(second["id"], first["id"]);
    encrypt(&desk, &item, "second.fee").await.expect_done();
    done(&desk, &heir, &["revoke", &collection, &ann_address]).await;
    let said = desk.decrypt(&ann, "second.fee", "second", &[]).await;
    said.expect_error(1, &["access denied"]);
    let show = ["show", &collection];
    let shown = done(&desk, &ann, &show).await;
    assert_eq!(shown["periods"][1]["item"], second["id"]);

    // An endpoint that passes a writer another's item is found out by the period's seed.
    let liar = Gate::before(devnet.rpc(), 0).await;
    let ours = text(&second["id"]).trim_start_matches("0x").to_owned();
    liar.set_lie(move |asked, answer| {
        if selector_of_call(asked) == Some(PeriodsCall::SELECTOR)
            && let Some(told) = answer.as_str()
        {
            *answer = told.replace(&ours, &"66".repeat(32)).into();
        }
    });
    let show = [show[0], show[1], "--rpc", liar.url().as_str()];
    let said = access(&desk, &ann, &show).await;
    said.expect_error(2, &["inconsistent", "seed"])
        .expect_hint();
}

async fn access_names_what_is_wrong() {
    let devnet = stage::shared().await;
    let desk = Desk::new(&devnet);
    let [owner] = Someone::several(&devnet, ["mistaken"]).await;
    desk.put("data", noise(42, 100));
    let policy = desk.path("policy.json");
    let created = done(&desk, &owner, &["create", "--granted", "-o", &policy]).await;
    let item = text(&created["id"]);
    let nothing = format!("0x{}", "5a".repeat(32));
    let zero = format!("0x{}", "00".repeat(20));
    let stranger = format!("0x{}", "77".repeat(20));
    let bad_terms = desk.put("terms.json", "{ \"any\": [\"grantd\"] }");
    for (args, words) in [
        (vec!["show", nothing.as_str()], &["is no item"][..]),
        (vec!["grant", &nothing, &stranger], &["is no item"]),
        (vec!["grant", &item, &zero], &["zero address"]),
        (
            vec!["grant", &item, &stranger, "--until", "2020-01-01"],
            &["before it begins"],
        ),
        (vec!["set", &item], &["no terms"]),
        (
            vec!["set", &item, "--paid", &stranger],
            &["no contract", &stranger],
        ),
        (
            vec!["set", &item, "--terms", &bad_terms],
            &["terms.json", "line 1", "grantd"],
        ),
        (vec!["begin", &item], &["is no item or collection"]),
        (vec!["create", "-o", &policy], &["policy.json"]),
    ] {
        let said = access(&desk, &owner, &args).await;
        said.expect_error(2, words).expect_hint();
    }

    // Sealed to what nobody can register, nobody would ever read it.
    let mut command = stheno(["encrypt", &desk.path("data"), "-o", &desk.path("x.fee")]);
    command
        .args(["--policy", &policy])
        .arg("--network")
        .arg(desk.network());
    let said = run(&mut command).await;
    said.expect_error(2, &["no item is given"]).expect_hint();
    let said = encrypt(&desk, &nothing, "x.fee").await;
    said.expect_error(2, &["is no item"]).expect_hint();
    assert!(!desk.names().contains(&"x.fee".to_owned()));

    // A network without a registry, and nobody who could send.
    let mut network: Value =
        serde_json::from_slice(&std::fs::read(desk.network()).unwrap()).unwrap();
    network.as_object_mut().unwrap().remove("market");
    let bare = desk.put("bare.json", network.to_string());
    let said = run(&mut stheno(["access", "show", &item, "--network", &bare])).await;
    said.expect_error(2, &["no contracts for access"])
        .expect_hint();
    let mut command = stheno(["access", "revoke", &item, &stranger, "--network"]);
    let said = run(command.arg(desk.network())).await;
    said.expect_error(2, &["needs a wallet"]).expect_hint();
}

/// `stheno network deploy` with a devnet's parameters.
fn deploy(desk: &Desk, key: &str, rpc: &str, output: &str) -> tokio::process::Command {
    let mut command = stheno(["network", "deploy", "--parameters", "devnet", "--json"]);
    command.args(["--rpc", rpc, "-o", &desk.path(output)]);
    command.env("STHENO_PRIVATE_KEY", key);
    command
}

async fn transactions_of(devnet: &Devnet, account: Address) -> u64 {
    let provider: RootProvider = ProviderBuilder::default().connect_http(devnet.rpc().clone());
    provider
        .get_transaction_count(account)
        .pending()
        .await
        .unwrap()
}

/// Killed before and after each transaction reaches the chain; then run to its end, and once more.
async fn deployment_that_is_killed_at_every_step_makes_one_of_each_contract() {
    let devnet = stage::shared().await;
    let desk = Desk::new(&devnet);
    let [owner] = Someone::several(&devnet, ["deployer"]).await;
    let gate = Gate::before(devnet.rpc(), 0).await;
    let run_killed = async |passage: Passage| {
        gate.set_rule(move |asked| match asked.method {
            "eth_sendRawTransaction" => passage,
            _ => Passage::Free,
        });
        let mut command = deploy(&desk, &owner.key(), gate.url().as_str(), "own.json");
        let mut child = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        gate.admits_process(child.id().unwrap());
        child.wait().await.unwrap();
        assert!(gate.has_killed(), "it ended before it sent anything");
    };
    // Committee, its founding, registry, sale, catalogue.
    for _ in 0..5 {
        run_killed(Passage::KillBefore).await;
        run_killed(Passage::KillAfter).await;
    }
    gate.open();
    let finish = async || {
        let said = run(&mut deploy(
            &desk,
            &owner.key(),
            gate.url().as_str(),
            "own.json",
        ))
        .await;
        said.expect_done().json()
    };
    let first = finish().await;
    let steps = first["deployment"]["steps"].as_array().unwrap();
    let contracts: Vec<String> = steps.iter().map(|step| text(&step["contract"])).collect();
    let wanted = ["Committee", "AccessRegistry", "PayPerAccess", "Catalogue"];
    assert_eq!(contracts, wanted);
    assert!(steps.iter().all(|step| step["done"] == true), "{first}");
    assert_eq!(first["deployment"]["committeeId"], 1);
    assert_eq!(first["complete"], false);
    let account = owner.signer.address();
    assert_eq!(transactions_of(&devnet, account).await, 5);
    assert_eq!(finish().await, first);
    assert_eq!(transactions_of(&devnet, account).await, 5);

    // Another account does not go on with it, and no node is registered there yet.
    let [other] = Someone::several(&devnet, ["another deployer"]).await;
    let said = run(&mut deploy(
        &desk,
        &other.key(),
        gate.url().as_str(),
        "own.json",
    ))
    .await;
    let error: Value = serde_json::from_str(&said.stderr).unwrap();
    assert_eq!(error["code"], "deployment_differs");
    let config = desk.path("node/node.toml");
    let mut init = stheno([
        "node",
        "--config",
        &config,
        "init",
        "--key-file",
        "vault.key",
    ]);
    init.args(["--network", &desk.path("own.json.deployment")]);
    run(init.args(["--rpc", desk.rpc()])).await.expect_done();
    let config = String::from_utf8(desk.read("node/node.toml"))
        .unwrap()
        .to_lowercase();
    assert!(
        config.contains(&text(&first["deployment"]["contract"])),
        "{config}"
    );
}

/// A record of the devnet's own contracts: nothing is left to do but to write the file.
async fn network_file_is_written_once_the_committee_has_a_key() {
    let devnet = stage::shared().await;
    let desk = Desk::new(&devnet);
    let owner = OWNER.address;
    let contracts = devnet.contracts();
    let step = |name: &str, nonce: u64, address: Address| {
        assert_eq!(address, owner.create(nonce));
        json!({ "contract": name, "nonce": nonce, "address": address, "done": false,
            "initCodeHash": format!("0x{}", "00".repeat(32)) })
    };
    let market = contracts.market;
    let record = json!({
        "format": "stheno-deployment/1",
        "parameters": "devnet",
        "chainId": 31_415_926,
        "deployer": owner,
        "steps": [
            step("Committee", 0, contracts.committee),
            step("AccessRegistry", 3, market.registry),
            step("PayPerAccess", 4, market.pay_per_access),
            step("Catalogue", 5, market.catalogue),
        ],
    });
    desk.put("network.json.deployment", record.to_string());
    let before = transactions_of(&devnet, owner).await;
    let key = OWNER.well_known_key;
    let deploy = || deploy(&desk, key, desk.rpc(), "network.json");
    let said = run(&mut deploy()).await.expect_done().json();
    assert_eq!(said["complete"], true);
    assert_eq!(transactions_of(&devnet, owner).await, before);
    let written = NetworkFile::load(desk.path("network.json")).unwrap();
    let own = devnet.network();
    assert_eq!(written.network_key, own.network_key);
    assert_eq!((written.market, &written.nodes), (own.market, &own.nodes));
    assert_eq!(
        (written.network_id(), written.threshold),
        (own.network_id(), own.threshold)
    );

    // It stays as it is; a file that says something else is not replaced unasked.
    run(&mut deploy()).await.expect_done();
    desk.put("network.json", "{}");
    let said = run(&mut deploy()).await;
    let error: Value = serde_json::from_str(&said.stderr).unwrap();
    assert_eq!(error["code"], "output_exists");
    run(deploy().arg("--force")).await.expect_done();
    assert_eq!(
        NetworkFile::load(desk.path("network.json")).unwrap(),
        written
    );
}
