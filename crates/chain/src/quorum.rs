//! The endpoints of a chain, and what enough of them agree on.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use stheno_protocol::ChainId;

use crate::clock::timeout;
use crate::endpoint::{Endpoint, Fault};
use crate::error::{ChainError, Testimony};

/// All endpoints of a chain. No question goes to fewer.
#[derive(Debug)]
pub(crate) struct Quorum {
    pub(crate) chain_id: ChainId,
    pub(crate) endpoints: Vec<Arc<Endpoint>>,
    /// How many must agree; a majority, so that two answers cannot both win.
    pub(crate) need: usize,
}

/// What an endpoint said.
pub(crate) type Heard<T> = (Arc<Endpoint>, Result<T, Fault>);

/// How long, once enough endpoints have answered, the others are waited for.
pub(crate) const GRACE: Duration = Duration::from_millis(300);

/// Something endpoints can agree on.
pub(crate) trait Answer {
    /// Whether it is the same answer.
    fn same(&self, other: &Self) -> bool;
    /// It in a few words.
    fn show(&self) -> String;
}

impl Quorum {
    /// The same endpoints, to each of which the questions of one moment are sent together.
    pub(crate) fn gathering(&self) -> Self {
        let endpoints = self.endpoints.iter();
        Self {
            endpoints: endpoints.map(|e| Arc::new(e.gathering())).collect(),
            ..*self
        }
    }

    /// Asks every endpoint; the first answer that `need` of them give is the
    /// answer. Late ones are not waited for then.
    ///
    /// # Errors
    /// [`ChainError::NoAgreement`] with every endpoint's testimony.
    pub(crate) async fn agree<T: Answer, F: Future<Output = Result<T, Fault>>>(
        &self,
        what: &str,
        ask: impl Fn(Arc<Endpoint>) -> F,
    ) -> Result<T, ChainError> {
        let mut answers = self.ask_all(ask);
        let mut heard: Vec<Heard<T>> = Vec::new();
        while let Some((endpoint, answer)) = answers.next().await {
            heard.push((endpoint, answer));
            if let Some(place) = self.winner(&heard) {
                self.report_dissent(what, &heard, place);
                if let (_, Ok(answer)) = heard.swap_remove(place) {
                    return Ok(answer);
                }
            }
        }
        Err(self.no_agreement(
            what,
            heard.iter().map(|(endpoint, answer)| {
                let answer = answer.as_ref().map(Answer::show);
                (endpoint.as_ref(), answer)
            }),
        ))
    }

    /// Every endpoint's answer as it comes.
    pub(crate) fn ask_all<T, F: Future<Output = Result<T, Fault>>>(
        &self,
        ask: impl Fn(Arc<Endpoint>) -> F,
    ) -> FuturesUnordered<impl Future<Output = Heard<T>>> {
        self.endpoints
            .iter()
            .map(|endpoint| {
                let (endpoint, answer) = (Arc::clone(endpoint), ask(Arc::clone(endpoint)));
                async move { (endpoint, answer.await) }
            })
            .collect()
    }

    /// Asks every endpoint, until those that answered are `enough` and the
    /// others have had a little more time: a slow endpoint may know better, a
    /// dead one must not delay everything.
    pub(crate) async fn gather<T, F: Future<Output = Result<T, Fault>>>(
        &self,
        ask: impl Fn(Arc<Endpoint>) -> F,
        enough: impl Fn(&[Heard<T>]) -> bool,
    ) -> Vec<Heard<T>> {
        let mut answers = self.ask_all(ask);
        let mut heard = Vec::new();
        while let Some(answer) = answers.next().await {
            heard.push(answer);
            if enough(&heard) {
                let rest = async {
                    while let Some(answer) = answers.next().await {
                        heard.push(answer);
                    }
                };
                // Out of time is not out of luck: those heard are enough.
                let _ = timeout(GRACE, rest).await;
                break;
            }
        }
        heard
    }

    /// The error for want of agreement, from what each endpoint said.
    pub(crate) fn no_agreement<'a>(
        &self,
        what: &str,
        heard: impl Iterator<Item = (&'a Endpoint, Result<String, &'a Fault>)>,
    ) -> ChainError {
        ChainError::NoAgreement {
            chain_id: self.chain_id,
            what: what.to_owned(),
            need: self.need,
            said: heard
                .map(|(endpoint, answer)| Testimony {
                    endpoint: endpoint.label.clone(),
                    answered: answer.is_ok(),
                    said: answer.unwrap_or_else(Fault::to_string),
                })
                .collect(),
        }
    }

    /// The place of an answer that `need` endpoints gave. Only the latest can
    /// have become one.
    fn winner<T: Answer>(&self, heard: &[Heard<T>]) -> Option<usize> {
        let (_, latest) = heard.last()?;
        let latest = latest.as_ref().ok()?;
        let votes = heard
            .iter()
            .filter(|(_, answer)| answer.as_ref().is_ok_and(|answer| answer.same(latest)))
            .count();
        (votes >= self.need).then(|| heard.len() - 1)
    }

    /// An endpoint that contradicts the others is worth an operator's attention
    /// even though it changed nothing.
    fn report_dissent<T: Answer>(&self, what: &str, heard: &[Heard<T>], winner: usize) {
        let Some((_, Ok(agreed))) = heard.get(winner) else {
            return;
        };
        for (endpoint, answer) in heard {
            match answer {
                Ok(answer) if answer.same(agreed) => {}
                Ok(answer) => {
                    endpoint.contradicted();
                    tracing::warn!(
                        chain = self.chain_id,
                        endpoint = %endpoint.label,
                        what,
                        said = %answer.show(),
                        agreed = %agreed.show(),
                        "an endpoint contradicts the others"
                    );
                }
                Err(fault) => tracing::debug!(
                    chain = self.chain_id,
                    endpoint = %endpoint.label,
                    what,
                    said = %fault,
                    "an endpoint did not answer"
                ),
            }
        }
    }
}
