//! Set pieces: what as many liars as there may be, and a reader who wants in, would do together.

use super::{
    choice::Way,
    mischief::Mischief,
    play::{Failure, Play},
};

impl Play<'_> {
    /// One of them.
    pub(super) async fn deceive(&mut self) -> Result<(), Failure> {
        match self.dice.below(4) {
            0 => self.hide_a_loss().await,
            1 => self.call_a_purchase_final().await,
            2 => self.show_what_was_had(Mischief::Disguise).await,
            _ => self.show_what_was_had(Mischief::StateOf).await,
        }
    }

    /// The head is shown as it was before the loss.
    async fn hide_a_loss(&mut self) -> Result<(), Failure> {
        let far = self.dice.between(4, 6);
        self.world.conduct(&[]);
        self.turn(true).await;
        self.finalize(self.world.head().at);
        for _ in 1..far {
            self.empty().await;
        }
        self.turn(false).await;
        let lie = self
            .dice
            .pick(&[Mischief::OldHead(far), Mischief::OtherTop(far)]);
        self.lie(&lie).await;
        self.ask_in(Way::BeforeLoss).await
    }

    /// What was bought a moment ago is said to be final.
    async fn call_a_purchase_final(&mut self) -> Result<(), Failure> {
        self.world.conduct(&[]);
        self.turn(false).await;
        self.finalize(self.world.head().at);
        self.turn(true).await;
        for _ in 0..4 {
            self.empty().await;
        }
        self.lie(&Mischief::FinalIsHead).await;
        self.ask_in(Way::NotFinal).await
    }

    /// What was had before the loss is said to be had now.
    async fn show_what_was_had(
        &mut self,
        lie: fn(alloy::primitives::B256) -> Mischief,
    ) -> Result<(), Failure> {
        self.world.conduct(&[]);
        self.turn(true).await;
        let had = self.world.head().hash;
        for _ in 0..self.dice.between(0, 4) {
            self.empty().await;
        }
        self.finalize(self.world.head().at);
        self.turn(false).await;
        self.lie(&lie(had)).await;
        self.ask_in(Way::BeforeLoss).await
    }

    /// As many do so as may, and the node hears them.
    async fn lie(&mut self, lie: &Mischief) {
        let shape = self.world.shape;
        let first = self.dice.below(shape.endpoints);
        let liars = (0..shape.min_agree - 1).map(|liar| (first + liar) % shape.endpoints);
        let liars: Vec<_> = liars.map(|liar| (liar, vec![lie.clone()])).collect();
        self.note(&format_args!("endpoints deceive: {liars:?}"));
        self.world.conduct(&liars);
        self.world.settle().await;
    }
}
