//! A key that becomes public.

use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_sol_types::SolValue;

use stheno_fevm::chain::{BLOCK_GAS, Chain};
use stheno_fevm::contracts::double;
use stheno_fevm::contracts::doubles::FilecoinProbe::{askCall, pointCall};
use stheno_fevm::contracts::timed_release::TimedReleaseContract::{self, *};
use stheno_fevm::gas::OF_AN_OPENED_KEY;
use stheno_fevm::people::precompile;
use stheno_fevm::run;

use crate::board::{Board, cast, network_key, owner};

#[test]
fn release_takes_the_key_alone_and_in_time_alone() {
    run("TimedRelease", cast(5), |chain| {
        let owner = owner();
        let committee = committee(chain);
        let (network_key, secret) = network_key();
        let arguments = (committee, 1u64, network_key.clone()).abi_encode_params();
        let releases = chain.deploy(
            "TimedRelease",
            &owner,
            &TimedReleaseContract::BYTECODE,
            &arguments,
        );
        assert_eq!(
            chain.look(&owner, releases, &networkKeyCall {}),
            network_key
        );

        let call = createCall {
            salt: B256::ZERO,
            opensAt: 0,
            decider: owner.address,
        };
        let item = chain.act("TimedRelease.create", &owner, releases, &call);
        let key = times_point(chain, releases, item, secret);
        let publish = publishCall {
            item,
            key: key.clone(),
        };
        let early = chain.attempt(&owner, releases, U256::ZERO, BLOCK_GAS, &publish);
        early.assert_reverted_with::<NotOpenYet>();

        chain.act(
            "TimedRelease.decide",
            &owner,
            releases,
            &decideCall { item },
        );
        assert!(chain.act(
            "TimedRelease.isOpen",
            &owner,
            releases,
            &isOpenCall { item }
        ));
        let wrong = publishCall {
            item,
            key: times_point(chain, releases, item, secret + U256::ONE),
        };
        let refused = chain.attempt(&owner, releases, U256::ZERO, BLOCK_GAS, &wrong);
        refused.assert_reverted_with::<WrongKey>();
        // Short of gas the right key is not refused as a wrong one.
        let starved = chain.attempt(&owner, releases, U256::ZERO, 900_000_000, &publish);
        assert!(
            !starved.succeeded() && starved.data.is_empty(),
            "exit {}, {}",
            starved.exit,
            starved.data
        );

        chain.act_within(
            OF_AN_OPENED_KEY,
            "TimedRelease.publish",
            &owner,
            releases,
            U256::ZERO,
            &publish,
        );
        assert_eq!(
            chain.act("TimedRelease.keyOf", &owner, releases, &keyOfCall { item }),
            key
        );
        assert_eq!(
            chain.look(&owner, releases, &publishedAtCall { item }),
            chain.time()
        );
    });
}

/// By the time alone, which on Filecoin is the epoch's.
#[test]
fn release_opens_at_its_time() {
    run("TimedRelease, by time", cast(5), |chain| {
        let owner = owner();
        let arguments = (committee(chain), 1u64, network_key().0).abi_encode_params();
        let releases = chain.deploy(
            "TimedRelease",
            &owner,
            &TimedReleaseContract::BYTECODE,
            &arguments,
        );
        let call = createCall {
            salt: B256::ZERO,
            opensAt: chain.time() + 31,
            decider: Default::default(),
        };
        let item = chain.arrange(&owner, releases, &call);
        for (epochs, open) in [(1, false), (1, true)] {
            chain.go_to(chain.epoch() + epochs);
            assert_eq!(chain.look(&owner, releases, &isOpenCall { item }), open);
        }
    });
}

/// A committee that has its key.
fn committee(chain: &mut Chain) -> Address {
    chain.unrecorded(|chain| {
        let mut board = Board::new(chain, 5, 3);
        board.run(chain);
        board.contract
    })
}

/// A multiple of an item's point: what a threshold of the committee's nodes gives out, if the factor is the secret.
fn times_point(
    chain: &mut Chain,
    releases: alloy_primitives::Address,
    item: B256,
    factor: U256,
) -> Bytes {
    let owner = owner();
    let probe = chain.deploy_double(&owner, &double("FilecoinProbe", "FilecoinProbe"));
    let identity = chain.look(&owner, releases, &identityOfCall { item });
    let point = chain.look(&owner, probe, &pointCall { identity });
    assert!(point.answered);
    let question = [&point.point_[..], &factor.to_be_bytes::<32>()]
        .concat()
        .into();
    let ask = askCall {
        target: precompile(0x0c),
        gasLimit: U256::from(BLOCK_GAS),
        question,
    };
    let asked = chain.look(&owner, probe, &ask);
    assert!(asked.done);
    asked.answer
}
