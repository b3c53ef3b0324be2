//! Blocks from gateways, honest and lying. The gateway is a double, written from the Trustless
//! Gateway Specification.

use std::sync::Arc;

use sha2::{Digest, Sha256};
use stheno::storage::{Blocks, Cid, Gateway, fetch_block};

use crate::{
    double::{Double, Fault, Route},
    hasty, quick,
};

/// CIDv1, raw, sha2-256.
fn cid_of(block: &[u8]) -> Cid {
    let mut cid = vec![1, 0x55, 0x12, 32];
    cid.extend(Sha256::digest(block));
    Cid::try_from(cid.as_slice()).unwrap()
}

fn gateway(double: &Double) -> Gateway {
    Gateway::new(double.url.clone(), quick()).unwrap()
}

fn with(block: &[u8]) -> Double {
    let double = Double::start();
    let name = cid_of(block).to_string();
    double.desk().blocks.insert(name, block.to_vec());
    double
}

#[tokio::test]
async fn block_comes_from_a_gateway_and_fits_its_cid() {
    for block in [b"".to_vec(), b"block".to_vec(), vec![7; 2 << 20]] {
        let double = with(&block);
        let found = gateway(&double).block(&cid_of(&block)).await.unwrap();
        assert!(found == block);
    }
}

#[tokio::test]
async fn lie_about_a_block_is_an_error_that_names_gateway_and_block() {
    let block = b"block".to_vec();
    for (fault, code) in [
        (Fault::OtherBytes, "other_bytes_stored"),
        (Fault::TooMuch, "source_contradicts_itself"),
        (Fault::Status(404), "not_stored"),
        (Fault::Status(403), "source_refused"),
        (Fault::Silence, "source_unreachable"),
        (
            Fault::Redirect("http://127.0.0.1:1/".to_owned()),
            "source_redirects",
        ),
    ] {
        let double = with(&block);
        double.always(Route::Block, fault.clone());
        let gateway = Gateway::new(double.url.clone(), hasty()).unwrap();
        let error = gateway.block(&cid_of(&block)).await.unwrap_err();
        assert_eq!(error.code(), code, "{fault:?}");
        let text = error.to_string();
        assert!(text.contains(gateway.name()), "{text}");
        assert!(text.contains(&cid_of(&block).to_string()), "{text}");
    }
}

#[tokio::test]
async fn next_gateway_is_tried() {
    let block = b"block".to_vec();
    let (liar, honest) = (with(&block), with(&block));
    liar.always(Route::Block, Fault::OtherBytes);
    let cid = cid_of(&block);
    let copies =
        || -> Vec<Arc<dyn Blocks>> { vec![Arc::new(gateway(&liar)), Arc::new(gateway(&honest))] };
    assert!(fetch_block(&copies(), &cid).await.unwrap() == block);
    honest.always(Route::Block, Fault::Status(404));
    let tried = fetch_block(&copies(), &cid).await.unwrap_err();
    let codes: Vec<&str> = tried.iter().map(|error| error.code()).collect();
    assert_eq!(codes, ["other_bytes_stored", "not_stored"]);
}

#[tokio::test]
async fn gateway_that_is_busy_is_asked_again() {
    let block = b"block".to_vec();
    let double = with(&block);
    double.next(Route::Block, &[Fault::Busy(0), Fault::Status(502)]);
    gateway(&double).block(&cid_of(&block)).await.unwrap();
    assert_eq!(double.count(Route::Block), 3);
}
