//! What a network on a chain starts with: windows of ceremonies, and the chain's own contracts.

use std::{collections::BTreeMap, time::Duration};

use alloy::primitives::address;
use stheno::{
    Token,
    chain::contracts::CommitteeContract::Windows,
    protocol::{Address, ChainId},
};
use url::Url;

use crate::args::ParametersArg;

/// The parameters of a network.
#[derive(Clone, Debug)]
pub struct Parameters {
    /// What people call the chain.
    pub name: &'static str,
    /// The chain.
    pub chain_id: ChainId,
    /// The windows of ceremonies, in blocks; a committee keeps them for good.
    pub windows: Windows,
    /// Whether one member may be a committee.
    pub devnet: bool,
    /// How long an endpoint may lag behind another, before a nonce that was used without a contract
    /// coming of it counts as used for something else.
    pub lag: Duration,
    /// An endpoint that anybody may use, to be written into network files.
    pub public_rpc: Option<&'static str>,
    /// Contracts of Filecoin Onchain Cloud, and the dollar.
    pub cloud: Option<Cloud>,
}

/// Filecoin Onchain Cloud on a chain (`FilOzone/filecoin-services`, `FilOzone/pdp`), and USDFC.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Cloud {
    /// PDPVerifier: which data sets live, and when they were proven.
    pub pdp_verifier: Address,
    /// FilecoinPayV1: rails and accounts.
    pub filecoin_pay: Address,
    /// FilecoinWarmStorageService's views.
    pub warm_storage_view: Address,
    /// The stablecoin USDFC, with 18 decimals.
    pub usdfc: Address,
}

/// As USDFC has them.
const USDFC_DECIMALS: u8 = 18;

/// The one table of addresses.
const MAINNET: Cloud = Cloud {
    pdp_verifier: address!("0xBADd0B92C1c71d02E7d520f64c0876538fa2557F"),
    filecoin_pay: address!("0x23b1e018F08BB982348b15a86ee926eEBf7F4DAa"),
    warm_storage_view: address!("0xAD28BBF18A72f728Ed816D07F5a1d7Ec40D68b5e"),
    usdfc: address!("0x80B98d3aa09ffff255c3ba4A241111Ff1262F045"),
};
const CALIBRATION: Cloud = Cloud {
    pdp_verifier: address!("0x85e366Cf9DD2c0aE37E963d9556F5f4718d6417C"),
    filecoin_pay: address!("0x09a0fDc2723fAd1A7b8e3e00eE5DF73841df55a0"),
    warm_storage_view: address!("0xF4B446171b3677fD2B9b183a9fB76d517365700a"),
    usdfc: address!("0xb3042734b608a1B16e9e86B374A3f3e389B4cDf0"),
};

impl Parameters {
    /// The set of a name.
    pub fn of(name: ParametersArg) -> Self {
        match name {
            ParametersArg::Devnet => Self {
                name: "devnet",
                chain_id: 31_415_926,
                windows: windows(4, 3, 0),
                devnet: true,
                lag: Duration::from_secs(5),
                public_rpc: None,
                cloud: None,
            },
            // Ten minutes a phase. Fast finality takes 4 to 10 blocks; twice as many lie between.
            ParametersArg::Calibration => Self {
                name: "calibration",
                chain_id: 314_159,
                windows: windows(20, 20, 20),
                devnet: false,
                lag: Duration::from_secs(120),
                public_rpc: Some("https://api.calibration.node.glif.io/rpc/v1"),
                cloud: Some(CALIBRATION),
            },
            // Two hours a phase, a quarter of one between, and a day to object before the first.
            ParametersArg::Mainnet => Self {
                name: "mainnet",
                chain_id: 314,
                windows: windows(240, 30, 2_880),
                devnet: false,
                lag: Duration::from_secs(120),
                public_rpc: Some("https://api.node.glif.io/rpc/v1"),
                cloud: Some(MAINNET),
            },
        }
    }

    /// The tokens that prices are told in.
    pub fn tokens(&self) -> BTreeMap<String, Token> {
        let usdfc = self.cloud.map(|cloud| Token {
            address: cloud.usdfc,
            decimals: USDFC_DECIMALS,
        });
        usdfc
            .into_iter()
            .map(|token| ("usdfc".to_owned(), token))
            .collect()
    }

    /// The endpoints that a network file names. Those of whoever deploys often carry an access key in
    /// their paths, and the file is for everybody: so they are told on development chains alone.
    pub fn endpoints(&self, own: &[Url]) -> Vec<Url> {
        match self.public_rpc {
            None => own.to_vec(),
            Some(public) => public.parse().into_iter().collect(),
        }
    }
}

fn windows(length: u32, margin: u32, consent_delay: u32) -> Windows {
    Windows {
        deal: length,
        complain: length,
        answer: length,
        confirm: length,
        margin,
        consentDelay: consent_delay,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn margins_outlast_finality_where_it_is_fast() {
        let [devnet, calibration, mainnet] = [
            ParametersArg::Devnet,
            ParametersArg::Calibration,
            ParametersArg::Mainnet,
        ]
        .map(Parameters::of);
        let quick = crate::devnet::finality::Finality::Quick;
        assert_eq!(devnet.windows.deal, quick.window());
        assert_eq!(devnet.windows.margin, quick.margin());
        for parameters in [&calibration, &mainnet] {
            assert!(parameters.windows.margin > 10 && parameters.windows.deal > 10);
            assert_eq!(parameters.endpoints(&[]).len(), 1);
            assert_eq!(parameters.tokens().len(), 1);
        }
        assert!(devnet.tokens().is_empty() && devnet.endpoints(&[]).is_empty());
    }

    /// EIP-55: a digit that was mistyped shows.
    #[test]
    fn addresses_are_those_that_their_checksums_say() {
        for (address, written) in [
            (
                MAINNET.pdp_verifier,
                "0xBADd0B92C1c71d02E7d520f64c0876538fa2557F",
            ),
            (
                MAINNET.filecoin_pay,
                "0x23b1e018F08BB982348b15a86ee926eEBf7F4DAa",
            ),
            (
                MAINNET.warm_storage_view,
                "0xAD28BBF18A72f728Ed816D07F5a1d7Ec40D68b5e",
            ),
            (MAINNET.usdfc, "0x80B98d3aa09ffff255c3ba4A241111Ff1262F045"),
            (
                CALIBRATION.pdp_verifier,
                "0x85e366Cf9DD2c0aE37E963d9556F5f4718d6417C",
            ),
            (
                CALIBRATION.filecoin_pay,
                "0x09a0fDc2723fAd1A7b8e3e00eE5DF73841df55a0",
            ),
            (
                CALIBRATION.warm_storage_view,
                "0xF4B446171b3677fD2B9b183a9fB76d517365700a",
            ),
            (
                CALIBRATION.usdfc,
                "0xb3042734b608a1B16e9e86B374A3f3e389B4cDf0",
            ),
        ] {
            assert_eq!(address.to_checksum(None), written);
        }
    }
}
