//! Keys beside the committee: what it gave out goes on to other tools, readers and headers.

use crate::{
    command::{run, stheno},
    desk::{Desk, noise},
    someone::Someone,
    stage, trials,
};

trials![
    key_that_the_committee_gave_out_opens_the_file_elsewhere,
    holder_of_a_pass_shares_with_a_key_and_leaves_the_blob_where_it_is,
    key_that_does_not_open_leaves_it_to_the_committee,
];

const CID: &str = "bafkzcibd5sbqn2tkdqeyp4kvmtg2d4ijcd6eyumenwnkzj5gnmcaetlvs7z2wba2";

async fn key_that_the_committee_gave_out_opens_the_file_elsewhere() {
    let devnet = stage::shared().await;
    let desk = Desk::new(&devnet);
    let reader = Someone::with_pass(&devnet, "unwrap").await;
    let original = noise(21, 300_000);
    desk.put("data", &original);
    desk.encrypt("data", "data.fee", &[]).await.expect_done();

    let stranger = Someone::with_money(&devnet, "no unwrap").await;
    let (envelope, cek) = (desk.path("data.fee"), desk.path("cek"));
    let unwrap = ["unwrap", &envelope, "--cek-out", &cek, "--rpc", desk.rpc()];
    let mut command = stheno(unwrap);
    let said = run(command.env("STHENO_PRIVATE_KEY", stranger.key())).await;
    said.expect_error(1, &["access denied"]).expect_hint();
    assert!(!desk.names().contains(&"cek".to_owned()));

    let mut command = stheno(unwrap);
    command
        .env("STHENO_PRIVATE_KEY", reader.key())
        .arg("--json");
    let said = run(&mut command).await;
    assert_eq!(said.expect_done().json()["openedWith"], "committee");
    let mut command = stheno(["decrypt", &envelope, "--cek-file", &cek]);
    command.args(["-o", &desk.path("copy")]);
    run(&mut command).await.expect_done();
    assert!(desk.read("copy") == original);
}

async fn holder_of_a_pass_shares_with_a_key_and_leaves_the_blob_where_it_is() {
    let devnet = stage::shared().await;
    let desk = Desk::new(&devnet);
    let reader = Someone::with_pass(&devnet, "rewrap").await;
    let original = noise(22, 300_000);
    desk.put("data", &original);
    desk.encrypt("data", "data.fee", &[]).await.expect_done();
    let friend = desk.path("friend.key");
    let said = run(&mut stheno(["keygen", "-o", &friend, "--json"])).await;
    let public = said.expect_done().json()["publicKey"].clone();

    let mut command = stheno(["rewrap", &desk.path("data.fee"), "--rpc", desk.rpc()]);
    command.args(["--also-to", public.as_str().unwrap()]);
    command.args(["--detached", CID, "-o", &desk.path("for-friend.fee")]);
    let said = run(command.env("STHENO_PRIVATE_KEY", reader.key())).await;
    said.expect_done();

    // Both open the stored blob with the new header: the friend by key, the holder by pass.
    let body = desk.path("data.fee");
    let mut command = stheno(["decrypt", &desk.path("for-friend.fee"), "-i", &friend]);
    command.args(["--body", &body, "-o", &desk.path("copy")]);
    run(&mut command).await.expect_done();
    assert!(desk.read("copy") == original);
    let more = ["--body", &body];
    let said = desk
        .decrypt(&reader, "for-friend.fee", "copy-2", &more)
        .await;
    said.expect_done();
    assert!(desk.read("copy-2") == original);
}

async fn key_that_does_not_open_leaves_it_to_the_committee() {
    let devnet = stage::shared().await;
    let desk = Desk::new(&devnet);
    let reader = Someone::with_pass(&devnet, "fallback").await;
    let original = noise(23, 1000);
    desk.put("data", &original);
    desk.encrypt("data", "data.fee", &[]).await.expect_done();
    let other = desk.path("other.key");
    run(&mut stheno(["keygen", "-o", &other]))
        .await
        .expect_done();
    let said = desk
        .decrypt(&reader, "data.fee", "copy", &["-i", &other, "--json"])
        .await;
    assert_eq!(said.expect_done().json()["openedWith"], "committee");
    assert!(desk.read("copy") == original);
}
