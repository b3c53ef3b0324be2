//! Roots that an owner or a vote changes.

use alloy_primitives::{Address, B256, U256, keccak256};
use alloy_sol_types::SolValue;

use stheno_fevm::chain::{BLOCK_GAS, Chain};
use stheno_fevm::contracts::owned_group::OwnedGroupContract::{self, *};
use stheno_fevm::contracts::voted_group::VotedGroupContract::{self, approveCall};
use stheno_fevm::gas::OF_A_CALL;
use stheno_fevm::people::{Person, masked};
use stheno_fevm::run;

use super::{R, STORE, WINDOW, group_terms, members};

/// Seconds of an epoch.
const EPOCH: u64 = 30;

#[test]
fn root_is_the_owners_and_old_ones_end() {
    let (owner, stranger) = (Person::named("owner"), Person::named("stranger"));
    run(
        "OwnedGroup",
        vec![owner.clone(), stranger.clone()],
        |chain| {
            let group = deploy_owned(chain, &owner);
            let none = chain.attempt(&owner, group, U256::ZERO, BLOCK_GAS, &rootCall {});
            none.assert_reverted_with::<NoRoot>();
            chain.act(
                "OwnedGroup.update, first",
                &owner,
                group,
                &change(0, number(1), false),
            );
            let receipt = chain.attempt(
                &owner,
                group,
                U256::ZERO,
                BLOCK_GAS,
                &change(1, number(2), false),
            );
            receipt.assert_success("OwnedGroup.update");
            chain.record("OwnedGroup.update".to_owned(), &receipt, OF_A_CALL);
            let event = RootChanged {
                index: 2,
                newRoot: U256::from(2),
                oldRoot: U256::ONE,
                store: STORE,
                revoking: false,
            };
            assert_eq!(receipt.events_of::<RootChanged>(), [event]);
            assert_eq!(chain.look(&owner, group, &rootCall {}), U256::from(2));

            // To the second: the window is a whole number of epochs.
            let until = chain.time() + WINDOW;
            for (root, valid_until) in [(1, until), (2, u64::MAX), (3, 0)] {
                let call = validUntilCall {
                    root_: number(root),
                };
                assert_eq!(chain.look(&owner, group, &call), valid_until);
            }
            chain.go_to(chain.epoch() + WINDOW / EPOCH - 1);
            let now = chain.time();
            assert!(chain.act("isValid", &owner, group, &is_valid(1, now)));
            chain.go_to(chain.epoch() + 1);
            assert_eq!(chain.time(), until);
            let now = chain.time();
            assert!(!chain.look(&owner, group, &is_valid(1, now)));
            assert!(chain.look(&owner, group, &is_valid(2, now)));

            refuse(chain, &owner, &stranger, group);
            chain.act(
                "OwnedGroup.update, revoking",
                &owner,
                group,
                &change(2, number(3), true),
            );
            let now = chain.time();
            assert!(!chain.look(&owner, group, &is_valid(2, now)));
            assert!(chain.look(&owner, group, &is_valid(3, now)));
        },
    );
}

fn refuse(chain: &mut Chain, owner: &Person, stranger: &Person, group: Address) {
    let attempt = |chain: &mut Chain, by: &Person, call: &updateCall| {
        chain.attempt(by, group, U256::ZERO, BLOCK_GAS, call)
    };
    let right = change(2, number(3), false);
    attempt(chain, stranger, &right).assert_reverted_with::<OwnableUnauthorizedAccount>();
    chain
        .attempt_natively(group, &right)
        .assert_reverted_with::<OwnableUnauthorizedAccount>();
    attempt(chain, owner, &change(1, number(3), false)).assert_reverted_with::<Stale>();
    attempt(chain, owner, &change(2, number(2), false)).assert_reverted_with::<NothingChanges>();
    for root in [U256::ZERO, R, members::empty_root()] {
        let mut wrong = change(2, number(3), false);
        wrong.change.root = root;
        attempt(chain, owner, &wrong).assert_reverted_with::<NotARoot>();
    }
    let native = masked(chain.native_actor());
    let call = transferOwnershipCall { newOwner: native };
    chain
        .attempt(owner, group, U256::ZERO, BLOCK_GAS, &call)
        .assert_reverted_with::<MaskedId>();
}

/// Of five voters three, and of as many as there may be all.
#[test]
fn root_is_changed_by_the_vote_that_is_enough() {
    let mut voters = Person::many("voter", 32);
    voters.sort_by_key(|voter| voter.address);
    let stranger = Person::named("stranger");
    let cast = [&voters[..], &[stranger.clone()]].concat();
    run("VotedGroup", cast, |chain| {
        let group = deploy_voted(chain, "VotedGroup, 3 of 5", &voters[..5], 3);
        let call = vote(0, 1);
        let approvals = VotedGroupContract::approvalsCall {
            proposal: proposal(&call),
        };
        for (count, voter) in (1..).zip(&voters[..2]) {
            chain.act("VotedGroup.approve", voter, group, &call);
            assert_eq!(chain.look(voter, group, &approvals), U256::from(count));
        }
        let refusals = [&voters[0], &stranger]
            .map(|by| chain.attempt(by, group, U256::ZERO, BLOCK_GAS, &call));
        refusals[0].assert_reverted_with::<VotedGroupContract::AlreadyApproved>();
        refusals[1].assert_reverted_with::<VotedGroupContract::NotAVoter>();
        chain
            .attempt_natively(group, &call)
            .assert_reverted_with::<VotedGroupContract::NotAVoter>();
        let index = VotedGroupContract::indexCall {};
        assert_eq!(chain.look(&stranger, group, &index), 0);
        chain.act("VotedGroup.approve, the last", &voters[2], group, &call);
        assert_eq!(chain.look(&stranger, group, &index), 1);
        let root = VotedGroupContract::rootCall {};
        assert_eq!(chain.look(&stranger, group, &root), U256::ONE);
        let late = chain.attempt(&voters[3], group, U256::ZERO, BLOCK_GAS, &call);
        late.assert_reverted_with::<VotedGroupContract::Stale>();

        let group = deploy_voted(chain, "VotedGroup, 32 of 32", &voters, 32);
        for voter in &voters[..31] {
            chain.act("VotedGroup.approve, of 32", voter, group, &call);
            assert_eq!(chain.look(&stranger, group, &index), 0);
        }
        chain.act(
            "VotedGroup.approve, the last of 32",
            &voters[31],
            group,
            &call,
        );
        assert_eq!(chain.look(&stranger, group, &root), U256::ONE);
    });
}

/// A number that stands for an actor signs nothing, and changes until it is final.
#[test]
fn group_is_nobodys_who_cannot_be_kept() {
    let owner = Person::named("owner");
    run("Groups, refused", vec![owner.clone()], |chain| {
        let native = masked(chain.native_actor());
        let arguments = (native, group_terms()).abi_encode_params();
        let receipt = chain.attempt_deploy(&owner, &OwnedGroupContract::BYTECODE, &arguments);
        receipt.assert_reverted_with::<MaskedId>();
        let arguments = (vec![owner.address, native], U256::ONE, group_terms()).abi_encode_params();
        let receipt = chain.attempt_deploy(&owner, &VotedGroupContract::BYTECODE, &arguments);
        receipt.assert_reverted_with::<VotedGroupContract::MaskedId>();
    });
}

/// A group of this owner: a row of the table.
pub(crate) fn deploy_owned(chain: &mut Chain, owner: &Person) -> Address {
    let arguments = (owner.address, group_terms()).abi_encode_params();
    chain.deploy(
        "OwnedGroup",
        owner,
        &OwnedGroupContract::BYTECODE,
        &arguments,
    )
}

fn deploy_voted(chain: &mut Chain, what: &str, voters: &[Person], threshold: u64) -> Address {
    let addresses: Vec<Address> = voters.iter().map(|voter| voter.address).collect();
    let arguments = (addresses, U256::from(threshold), group_terms()).abi_encode_params();
    chain.deploy(what, &voters[0], &VotedGroupContract::BYTECODE, &arguments)
}

/// The change after so many.
pub(crate) fn change(following: u64, root: U256, revoking: bool) -> updateCall {
    let change = RootChange {
        following,
        root,
        store: STORE,
        revoking,
    };
    updateCall { change }
}

fn vote(following: u64, root: u64) -> approveCall {
    let change = VotedGroupContract::RootChange {
        following,
        root: U256::from(root),
        store: STORE,
        revoking: false,
    };
    approveCall { change }
}

fn proposal(call: &approveCall) -> B256 {
    keccak256(call.change.abi_encode())
}

fn number(root: u64) -> U256 {
    U256::from(root)
}

fn is_valid(root: u64, time: u64) -> isValidCall {
    isValidCall {
        root_: number(root),
        time,
    }
}
