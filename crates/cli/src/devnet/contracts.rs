//! What the owner of a devnet does on chain: deploy, found a committee, propose its members, sell passes.

use std::collections::BTreeMap;

use alloy::{
    primitives::{Address, U256},
    signers::local::PrivateKeySigner,
    sol_types::{SolCall, SolConstructor},
};
use stheno::{Market, Token};
use stheno_chain::{
    Chain, ChainConfig, HttpOptions, Sender,
    contracts::{
        AccessPassContract as pass_contract, AccessRegistryContract as registry_contract,
        CatalogueContract as catalogue_contract, CommitteeContract as committee_contract,
        DevnetDollarContract as dollar_contract, PayPerAccessContract as sale_contract,
    },
    send::Sent,
};
use url::Url;

use super::{
    DevnetError,
    accounts::{self, DevAccount, OWNER},
    anvil::CHAIN_ID,
    finality::Finality,
};

/// What lives where. The addresses are the same on every devnet: they follow
/// from the deployer and its nonce.
#[derive(Clone, Copy, Debug, Eq, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Contracts {
    /// The committee contract.
    pub committee: Address,
    /// The committee's number in it.
    pub committee_id: u64,
    /// The access pass.
    pub access_pass: Address,
    /// The contracts for access and trade.
    pub market: Market,
    /// The devnet's stablecoin, of which every account has some.
    pub dollar: Address,
}

impl Contracts {
    /// The tokens that prices are told in.
    pub fn tokens(&self) -> BTreeMap<String, Token> {
        let dollar = Token {
            address: self.dollar,
            decimals: DOLLAR_DECIMALS,
        };
        BTreeMap::from([("usdfc".to_owned(), dollar)])
    }
}

/// As USDFC has them.
const DOLLAR_DECIMALS: u8 = 18;
/// What every account has of the stablecoin.
const DOLLARS: u64 = 10_000;

/// The owner's side of the chain.
#[derive(Clone, Debug)]
pub struct Owner {
    sender: Sender,
}

impl Owner {
    /// Speaks for [`OWNER`] at `rpc`.
    ///
    /// # Errors
    /// [`DevnetError::Chain`], here and below.
    pub async fn connect(rpc: &Url) -> Result<Self, DevnetError> {
        Ok(Self {
            sender: sender_for(signer(&OWNER)?, rpc).await?,
        })
    }

    /// Deploys the contracts and founds the committee.
    pub async fn deploy(&self, finality: Finality) -> Result<Contracts, DevnetError> {
        let bytecode = committee_contract::BYTECODE.to_vec();
        let committee = self.create("deploy Committee", bytecode).await?;

        let mut bytecode = pass_contract::BYTECODE.to_vec();
        let arguments = pass_contract::constructorCall {
            name_: "Devnet access pass".into(),
            symbol_: "PASS".into(),
            price_: pass_price(),
            owner_: OWNER.address,
        };
        bytecode.extend(arguments.abi_encode());
        let access_pass = self.create("deploy AccessPass", bytecode).await?;

        let found = committee_contract::createCommitteeCall {
            windows: committee_contract::Windows {
                deal: finality.window(),
                complain: finality.window(),
                answer: finality.window(),
                confirm: finality.window(),
                margin: finality.margin(),
                consentDelay: 0,
            },
            devnet: true,
        };
        self.call("create the committee", committee, &found, U256::ZERO)
            .await?;
        Ok(Contracts {
            committee,
            committee_id: 1,
            access_pass,
            market: self.deploy_market().await?,
            dollar: self.deploy_dollar().await?,
        })
    }

    /// A registry of terms, a sale and a catalogue of it.
    async fn deploy_market(&self) -> Result<Market, DevnetError> {
        let registry = registry_contract::BYTECODE.to_vec();
        let registry = self.create("deploy AccessRegistry", registry).await?;
        let mut sale = sale_contract::BYTECODE.to_vec();
        sale.extend(
            sale_contract::constructorCall {
                registry_: registry,
            }
            .abi_encode(),
        );
        let mut catalogue = catalogue_contract::BYTECODE.to_vec();
        catalogue.extend(
            catalogue_contract::constructorCall {
                registry_: registry,
            }
            .abi_encode(),
        );
        Ok(Market {
            registry,
            pay_per_access: self.create("deploy PayPerAccess", sale).await?,
            escrow: None,
            catalogue: self.create("deploy Catalogue", catalogue).await?,
            timed_release: None,
        })
    }

    async fn deploy_dollar(&self) -> Result<Address, DevnetError> {
        let mut bytecode = dollar_contract::BYTECODE.to_vec();
        let unit = U256::from(10).pow(U256::from(DOLLAR_DECIMALS));
        let arguments = dollar_contract::constructorCall {
            holders: accounts::ALL.map(|account| account.address).to_vec(),
            amount: U256::from(DOLLARS) * unit,
        };
        bytecode.extend(arguments.abi_encode());
        self.create("deploy DevnetDollar", bytecode).await
    }

    /// Proposes a ceremony for these operators, in this order.
    pub async fn propose(
        &self,
        contracts: &Contracts,
        threshold: u16,
        operators: Vec<Address>,
    ) -> Result<(), DevnetError> {
        let propose = committee_contract::proposeCall {
            committeeId: contracts.committee_id,
            threshold,
            operators,
        };
        self.call(
            "propose the ceremony",
            contracts.committee,
            &propose,
            U256::ZERO,
        )
        .await
    }

    async fn create(&self, what: &str, bytecode: Vec<u8>) -> Result<Address, DevnetError> {
        let sent = self.sender.send(None, bytecode.into(), U256::ZERO).await;
        let sent = sent.map_err(|e| DevnetError::chain(what, e))?;
        sent.created
            .ok_or_else(|| DevnetError::chain(what, "the chain says that it made no contract"))
    }

    async fn call<C: SolCall>(
        &self,
        what: &str,
        to: Address,
        call: &C,
        value: U256,
    ) -> Result<(), DevnetError> {
        let sent = self.sender.send(Some(to), call.abi_encode().into(), value);
        sent.await
            .map(drop)
            .map_err(|e| DevnetError::chain(what, e))
    }
}

/// Buys an access pass for `buyer`, with its own money.
///
/// # Errors
/// [`DevnetError::Chain`].
pub async fn buy_pass(
    buyer: PrivateKeySigner,
    contracts: &Contracts,
    rpc: &Url,
) -> Result<Sent, DevnetError> {
    let buy = pass_contract::buyCall {}.abi_encode();
    let sender = sender_for(buyer, rpc).await?;
    let sent = sender.send(Some(contracts.access_pass), buy.into(), pass_price());
    sent.await
        .map_err(|e| DevnetError::chain("buy an access pass", e))
}

/// What a pass costs: 0.5 FIL.
pub fn pass_price() -> U256 {
    U256::from(500_000_000_000_000_000_u64)
}

/// A signer for a development account.
///
/// # Errors
/// Never: the parser cannot know that the key is well formed.
pub fn signer(account: &DevAccount) -> Result<PrivateKeySigner, DevnetError> {
    let signer = account.signer();
    signer.map_err(|e| DevnetError::chain("use a development account", e))
}

async fn sender_for(signer: PrivateKeySigner, rpc: &Url) -> Result<Sender, DevnetError> {
    let config = ChainConfig::new(CHAIN_ID, vec![rpc.clone()]);
    let chain = Chain::connect(config, HttpOptions::default()).await;
    let chain = chain.map_err(|e| DevnetError::chain("connect to the devnet's chain", e))?;
    Ok(Sender::new(chain, signer))
}
