//! What members send in a ceremony, in its real sizes.

use stheno_fevm::contracts::committee::CommitteeContract::epochInfoCall;
use stheno_fevm::run;

use crate::board::{ANSWER, Board, COMPLAIN, CONFIRM, DEAL, cast, owner};

#[test]
fn ceremony_of_five_gives_a_key() {
    ceremony("Ceremony, 3 of 5", 5, 3);
}

#[test]
fn ceremony_of_sixty_four_gives_a_key() {
    ceremony("Ceremony, 43 of 64", 64, 43);
}

#[test]
fn ceremony_of_two_hundred_and_fifty_six_gives_a_key() {
    ceremony("Ceremony, 171 of 256", 256, 171);
}

/// With as many complaints, and as long an answer, as there may be.
fn ceremony(title: &str, size: u16, threshold: u16) {
    run(title, cast(size), |chain| {
        let mut board = Board::new(chain, size, threshold);
        board.start(chain);
        board.go_to(chain, DEAL);
        board.deal_all(chain);
        board.go_to(chain, COMPLAIN);
        for receiver in 2..=threshold {
            board.complain(chain, receiver, threshold - 1);
        }
        board.go_to(chain, ANSWER);
        board.answer(chain, 1, 2..=threshold);
        board.go_to(chain, CONFIRM);
        let outcome = board.outcome();
        board.confirm_all(chain, &outcome);
        board.activate(chain, &outcome);
        board.publish_keys(chain, 5);

        let call = epochInfoCall {
            committeeId: board.id,
            epoch: 1,
        };
        let epoch = chain.look(&owner(), board.contract, &call);
        assert_eq!(
            (epoch.size, epoch.threshold, epoch.keysRoot),
            (size, threshold, outcome.keysRoot)
        );
        assert_eq!(epoch.networkKey.len(), 96);
    });
}
