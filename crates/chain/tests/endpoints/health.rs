//! What is counted of each endpoint.

use std::time::Duration;

use alloy::primitives::{Address, Bytes, address, bytes};
use serde_json::json;
use stheno_chain::EndpointHealth;

use crate::double::{Double, Ledger, Reply, connect, connect_impatient, doubles};

const TO: Address = address!("00000000000000000000000000000000000000aa");
const DATA: Bytes = bytes!("12345678");

fn of(all: &[EndpointHealth], double: &Double) -> EndpointHealth {
    let mut found = all.iter().filter(|one| one.endpoint == double.label());
    found.next().unwrap().clone()
}

#[tokio::test]
async fn endpoint_that_contradicts_is_counted() {
    let ledger = Ledger::new(100, 90, &[]);
    let all: [Double; 3] = doubles(&ledger).await;
    let chain = connect(&all, 2).await;
    let before = chain.endpoints();
    for (double, answer) in all.iter().zip(["0x02", "0x01", "0x01"]) {
        double.on_call(TO, &DATA, Reply::Result(json!(answer)));
    }
    // The two that agree come after it.
    for double in &all[1..] {
        double.instead("eth_call", Reply::Late(Duration::from_millis(100)));
    }
    let found = chain.call(ledger.hash(90), TO, DATA).await;
    assert_eq!(found, Ok(bytes!("01")));
    let after = chain.endpoints();
    for (place, double) in all.iter().enumerate() {
        let (before, after) = (of(&before, double), of(&after, double));
        let contradicted = after.contradicted - before.contradicted;
        assert_eq!(contradicted, u64::from(place == 0), "{after:?}");
        assert_eq!((before.failed, after.failed), (0, 0));
        assert!(after.answered > before.answered, "{after:?}");
    }
}

#[tokio::test]
async fn endpoint_that_is_silent_is_counted() {
    let ledger = Ledger::new(100, 90, &[]);
    let all: [Double; 3] = doubles(&ledger).await;
    let chain = connect_impatient(&all, 2).await;
    all[0].instead("eth_getBlockByNumber", Reply::Status(503));
    chain.head().await.unwrap();
    let health = chain.endpoints();
    assert!(of(&health, &all[0]).failed >= 1, "{health:?}");
    assert_eq!(of(&health, &all[1]).failed, 0);
}
