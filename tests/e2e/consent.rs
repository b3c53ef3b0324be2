//! Letting another key ask, at the command line: sessions, delegations, contract accounts, and
//! wallets that sign elsewhere.

use alloy::{
    providers::{Provider, ProviderBuilder},
    signers::local::PrivateKeySigner,
};
use serde_json::{Value, json};
use stheno_cli::devnet::{Devnet, accounts::READER, anvil::CHAIN_ID};

use crate::{
    asking::{World, balance_policy, now},
    command::{Said, run, stheno},
    desk::{Desk, noise},
    someone::Someone,
    stage, trials,
};

trials![
    session_file_reads_within_its_scope_and_its_time,
    delegation_file_reads_with_the_key_that_it_names,
    wallet_that_signs_elsewhere_opens_a_session_and_delegates,
    contract_account_reads_opens_a_session_and_delegates,
];

async fn session_file_reads_within_its_scope_and_its_time() {
    let devnet = stage::shared().await;
    let table = Table::new(&devnet).await;
    let reader = Someone::with_pass(&devnet, "consent: session").await;
    let (policy, key) = (table.policy(), reader.key());
    let session = table.desk.path("session");
    let new = async |more: &[&str]| {
        let mut command = table.command(&["session", "new", "-o", &session]);
        run(command.args(more).env("STHENO_PRIVATE_KEY", &key)).await
    };

    let said = new(&["--policy", &policy, "--json"]).await;
    let made = said.expect_done().json();
    assert_eq!(made["signed"], true);
    assert!(
        made["message"]
            .as_str()
            .unwrap()
            .contains("localhost wants you")
    );
    let key_text = made["key"].as_str().unwrap();
    assert!(key_text.starts_with("p256:0x"), "{key_text}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&session).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    // Twice, and without the wallet.
    for _ in 0..2 {
        let said = table.decrypt(&["--session", &session]).await;
        said.expect_done();
    }
    let said = run(&mut stheno(["session", "show", &session])).await;
    assert!(said.expect_done().stdout.contains("for      policy 0x"));
    let secret = std::fs::read_to_string(&session).unwrap();
    let secret = secret.lines().last().unwrap().to_owned();
    assert!(!said.stdout.contains(&secret));

    // It is kept unless replaced; what nodes would refuse is refused before the wallet signs.
    let said = new(&["--policy", &policy]).await;
    said.expect_error(2, &["exists already"]).expect_hint();
    for (wrong, words) in [
        (&["--force"][..], "nothing was named"),
        (
            &["--force", "--policy", policy.as_str(), "--expires", "2h"],
            "3600",
        ),
    ] {
        new(wrong).await.expect_error(2, &[words]).expect_hint();
    }
    table.decrypt(&["--session", &session]).await.expect_done();

    // Another scope, and no time left.
    let other = format!("{CHAIN_ID}:0x0000000000000000000000000000000000000001");
    let said = new(&["--force", "--contract", &other]).await;
    said.expect_done();
    let said = table.decrypt(&["--session", &session]).await;
    said.expect_error(2, &["out_of_scope"]).expect_hint();
    let said = new(&["--force", "--policy", &policy, "--expires", "1s", "--json"]).await;
    let ends = said.expect_done().json()["expiresAt"].as_u64().unwrap();
    while now() <= ends {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    let said = table.decrypt(&["--session", &session]).await;
    said.expect_error(2, &["authorization_expired"])
        .expect_hint();

    // Into the same file, which nobody else can read.
    std::fs::write(&session, "# nothing\n{}\nx\n").unwrap();
    let said = table.decrypt(&["--session", &session]).await;
    said.expect_error(2, &["session", "missing field"])
        .expect_hint();
}

async fn delegation_file_reads_with_the_key_that_it_names() {
    let devnet = stage::shared().await;
    let table = Table::new(&devnet).await;
    let owner = Someone::with_pass(&devnet, "consent: delegation").await;
    let friend = Someone::with_money(&devnet, "consent: friend").await;
    let contract = format!("{CHAIN_ID}:{}", devnet.contracts().access_pass);
    let grant = table.desk.path("grant");
    let new = async |to: &str, more: &[&str]| {
        let mut command = table.command(&["delegation", "new", "--to", to, "-o", &grant]);
        command
            .args(["--contract", &contract, "--force"])
            .args(more);
        run(command.env("STHENO_PRIVATE_KEY", owner.key())).await
    };

    for kind in ["p256", "ed25519", "secp256k1"] {
        let key = table.desk.path(kind);
        let keygen = ["keygen", "--asking", "--key-type", kind, "-o", &key];
        let said = run(&mut stheno(keygen)).await;
        let public = said.expect_done().stdout.trim().to_owned();
        assert!(public.starts_with(&format!("{kind}:0x")), "{public}");
        let said = run(&mut stheno(["keygen", "-y", &key])).await;
        assert_eq!(said.expect_done().stdout.trim(), public);
        new(&public, &["--expires", "7d"]).await.expect_done();
        let said = table
            .decrypt(&["--delegation", &grant, "--asking-key", &key])
            .await;
        said.expect_done();
    }
    let other = table.desk.path("p256");
    let said = table
        .decrypt(&["--delegation", &grant, "--asking-key", &other])
        .await;
    said.expect_error(2, &["the grant is for another one"])
        .expect_hint();
    let said = new("p256:0x00", &[]).await;
    assert_eq!(said.code, Some(2), "{said:?}");
    let address = friend.signer.address().to_string();
    new(&address, &["--expires", "31d"])
        .await
        .expect_error(2, &["2592000"])
        .expect_hint();

    // To a wallet's address: it asks by itself.
    new(&address, &[]).await.expect_done();
    let said = run(&mut stheno(["delegation", "show", &grant, "--json"])).await;
    let shown = said.expect_done().json();
    assert_eq!(shown["account"], json!(owner.signer.address()));
    assert_eq!(shown["signed"], true);
    let said = table.decrypt_as(&friend, &["--delegation", &grant]).await;
    said.expect_done();
    let said = table.decrypt_as(&friend, &[]).await;
    said.expect_error(1, &["denied"]);
    let said = table.decrypt(&["--delegation", &grant]).await;
    said.expect_error(2, &["--keystore"]).expect_hint();
}

async fn wallet_that_signs_elsewhere_opens_a_session_and_delegates() {
    let devnet = stage::shared().await;
    let table = Table::new(&devnet).await;
    let policy = table.policy();
    let (account, key) = (READER.address.to_string(), table.desk.path("asking"));
    let thief = PrivateKeySigner::random();
    let ways: [&[&str]; 2] = [&["session"], &["delegation", "--to"]];
    for way in ways {
        let file = table.desk.path(way[0]);
        let mut command = table.command(&[way[0], "new", "-o", &file, "--policy", &policy]);
        command.args(["--unsigned", "--account", &account]);
        if let Some(to) = way.get(1) {
            let keygen = ["keygen", "--asking", "-o", &key];
            let said = run(&mut stheno(keygen)).await;
            command.args([to, said.expect_done().stdout.trim()]);
        }
        let said = run(&mut command).await;
        // What is printed goes to the wallet as it is.
        let printed = said.expect_done().stdout.trim_end().to_owned();
        let asks: Vec<String> = match way[0] {
            "session" => vec!["--session".to_owned(), file.clone()],
            _ => ["--delegation", &file, "--asking-key", &key]
                .map(str::to_owned)
                .to_vec(),
        };
        let asks: Vec<&str> = asks.iter().map(String::as_str).collect();
        let said = table.decrypt(&asks).await;
        said.expect_error(2, &["not signed yet"]).expect_hint();

        let sign = async |signature: &str| {
            let mut command = stheno([way[0], "sign", &file, "--signature", signature]);
            run(&mut command).await
        };
        let not_theirs = alloy::signers::SignerSync::sign_message_sync(&thief, printed.as_bytes());
        let not_theirs = alloy::primitives::hex::encode_prefixed(not_theirs.unwrap().as_bytes());
        sign(&not_theirs)
            .await
            .expect_error(2, &["signed by"])
            .expect_hint();
        let signature = match way[0] {
            "session" => {
                let bytes = alloy::primitives::hex::encode_prefixed(&printed);
                by_wallet(&devnet, "personal_sign", json!([bytes, account])).await
            }
            _ => {
                let data: Value = serde_json::from_str(&printed).unwrap();
                by_wallet(&devnet, "eth_signTypedData_v4", json!([account, data])).await
            }
        };
        sign(&signature).await.expect_done();
        table.decrypt(&asks).await.expect_done();
    }
}

async fn contract_account_reads_opens_a_session_and_delegates() {
    let devnet = stage::shared().await;
    let world = World::new(&devnet).await;
    let keeper = Someone::with_money(&devnet, "consent: keeper").await;
    let address = world.owned_wallet(&keeper.signer).await.to_string();
    world.enrich(address.parse().unwrap()).await;
    world.settle().await;

    let table = Table::with_policy(&devnet, &balance_policy()).await;
    let policy = table.policy();
    let chain = CHAIN_ID.to_string();
    let of_contract = ["--account", address.as_str(), "--account-chain", &chain];
    let said = table.decrypt_as(&keeper, &of_contract).await;
    said.expect_done();
    let said = table.decrypt_as(&keeper, &of_contract[..2]).await;
    said.expect_error(2, &["chain was not said"]).expect_hint();
    let said = table.decrypt(&of_contract).await;
    said.expect_error(2, &["--keystore"]).expect_hint();
    let thief = Someone::with_money(&devnet, "consent: thief").await;
    let said = table.decrypt_as(&thief, &of_contract).await;
    said.expect_error(2, &["signature_invalid"]);

    let (session, grant) = (table.desk.path("session"), table.desk.path("grant"));
    let mut command = table.command(&["session", "new", "-o", &session, "--policy", &policy]);
    command.args(of_contract);
    let said = run(command.env("STHENO_PRIVATE_KEY", keeper.key())).await;
    assert!(said.expect_done().stdout.contains("contract 0x"));
    let said = table.decrypt(&["--session", &session]).await;
    said.expect_done();

    let friend = thief.signer.address().to_string();
    let mut command = table.command(&["delegation", "new", "--to", &friend, "-o", &grant]);
    command.args(["--policy", &policy]).args(of_contract);
    run(command.env("STHENO_PRIVATE_KEY", keeper.key()))
        .await
        .expect_done();
    let said = table.decrypt_as(&thief, &["--delegation", &grant]).await;
    said.expect_done();
}

/// What an unlocked account of the chain's own wallet signs.
async fn by_wallet(devnet: &Devnet, method: &'static str, params: Value) -> String {
    let provider = ProviderBuilder::new().connect_http(devnet.rpc().clone());
    let signed = provider.raw_request::<_, Value>(method.into(), params);
    signed.await.unwrap().as_str().unwrap().to_owned()
}

/// A desk with one file sealed to a policy.
struct Table {
    desk: Desk,
    original: Vec<u8>,
}

impl Table {
    async fn new(devnet: &Devnet) -> Self {
        Self::with_policy(devnet, &devnet.pass_policy()).await
    }

    async fn with_policy(devnet: &Devnet, policy: &str) -> Self {
        let desk = Desk::new(devnet);
        let original = noise(41, 3_000);
        desk.put("data", &original);
        let policy = desk.put("policy.json", policy);
        let mut command = stheno(["encrypt", &desk.path("data"), "-o", &desk.path("data.fee")]);
        command.args(["--policy", &policy]);
        command.arg("--network").arg(desk.network());
        run(&mut command).await.expect_done();
        Self { desk, original }
    }

    fn policy(&self) -> String {
        self.desk.path("policy.json")
    }

    /// A command that is about the network.
    fn command(&self, args: &[&str]) -> tokio::process::Command {
        let mut command = stheno(args);
        command.arg("--network").arg(self.desk.network());
        command
    }

    /// Decrypts without a wallet.
    async fn decrypt(&self, more: &[&str]) -> Said {
        self.decrypted(&mut stheno(["decrypt"]), more).await
    }

    async fn decrypt_as(&self, who: &Someone, more: &[&str]) -> Said {
        let mut command = stheno(["decrypt"]);
        self.decrypted(command.env("STHENO_PRIVATE_KEY", who.key()), more)
            .await
    }

    async fn decrypted(&self, command: &mut tokio::process::Command, more: &[&str]) -> Said {
        let copy = self.desk.path("copy");
        command.args([&self.desk.path("data.fee"), "-o", &copy, "--force"]);
        let said = run(command.args(["--rpc", self.desk.rpc()]).args(more)).await;
        if said.code == Some(0) {
            assert!(self.desk.read("copy") == self.original);
            std::fs::remove_file(copy).unwrap();
        }
        said
    }
}
