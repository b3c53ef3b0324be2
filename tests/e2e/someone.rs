//! Readers for tests: fresh accounts with money, one per test, so that tests do not meet.

use alloy::{
    primitives::{U256, keccak256},
    signers::local::PrivateKeySigner,
};
use stheno_cli::devnet::Devnet;

/// An account of a test's own.
pub(crate) struct Someone {
    pub(crate) signer: PrivateKeySigner,
}

impl Someone {
    /// The account of this name, with ten FIL and no pass.
    pub(crate) async fn with_money(devnet: &Devnet, name: &str) -> Self {
        let signer = PrivateKeySigner::from_bytes(&keccak256(name)).unwrap();
        let ten_fil = U256::from(10_000_000_000_000_000_000_u64);
        let rich = devnet.control().set_balance(signer.address(), ten_fil);
        rich.await.unwrap();
        Self { signer }
    }

    /// Several of them.
    pub(crate) async fn several<const N: usize>(devnet: &Devnet, names: [&str; N]) -> [Self; N] {
        let several = names.map(|name| Self::with_money(devnet, name));
        futures::future::join_all(several)
            .await
            .try_into()
            .unwrap_or_else(|_| unreachable!("as many people as names"))
    }

    /// The same, with an access pass that is final.
    pub(crate) async fn with_pass(devnet: &Devnet, name: &str) -> Self {
        let someone = Self::with_money(devnet, name).await;
        someone.buys_a_pass(devnet).await;
        someone
    }

    /// Buys a pass and waits until it is final.
    pub(crate) async fn buys_a_pass(&self, devnet: &Devnet) {
        let sent = devnet.buy_pass(self.signer.clone()).await.unwrap();
        // Two blocks on top make it final; one more for endpoints that were just read.
        while devnet.control().head().await.unwrap() < sent.block.number + 3 {
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    }

    /// Its private key, as `STHENO_PRIVATE_KEY` takes it.
    pub(crate) fn key(&self) -> String {
        self.signer.to_bytes().to_string()
    }
}
