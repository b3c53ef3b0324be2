//! What a policy says about a reader, given readings of the chain. SPEC.md "Evaluation".
//!
//! Sans-I/O: [`reads`] lists what has to be read, somebody fetches it into a
//! [`ChainView`], [`evaluate`] judges. Three-valued: whatever went wrong is
//! [`Truth::Unknown`], and only a root that is true grants.

mod abi;
mod explain;
mod fill;
mod leaf;
mod outcome;
mod outline;
mod read;
mod subject;
#[cfg(test)]
mod tests;
mod truth;
mod verdict;
mod words;

pub use explain::{Explained, explain};
pub use read::{CALLER, ChainView, RETURN_CAP, Read, Reading, Unknown, call_gas_cap};
pub use subject::{Account, AccountKind, Subject};
pub use truth::Truth;
pub use verdict::{LeafReport, Verdict};

use std::collections::BTreeSet;

use crate::{Policy, policy::Rule};

/// Every read that [`evaluate`] may ask `subject`'s view for, each once.
///
/// A leaf that lacks something (an account, a context value) reads nothing.
#[must_use]
pub fn reads(policy: &Policy, subject: &Subject) -> BTreeSet<Read> {
    policy
        .rule()
        .leaves()
        .flat_map(|leaf| leaf::reads(leaf, subject))
        .collect()
}

/// Judges `policy` for `subject` over a snapshot. Pure.
#[must_use]
pub fn evaluate(policy: &Policy, subject: &Subject, view: &impl ChainView) -> Verdict {
    let (root, leaves) = judge_root(policy, subject, view);
    Verdict {
        truth: root.truth,
        leaves,
    }
}

/// The whole policy; leaves that keep it from being true are marked.
fn judge_root(
    policy: &Policy,
    subject: &Subject,
    view: &impl ChainView,
) -> (Judged, Vec<LeafReport>) {
    let mut leaves = Vec::new();
    let root = judge(
        policy.rule(),
        String::new(),
        false,
        subject,
        view,
        &mut leaves,
    );
    root.block(Truth::True, &mut leaves);
    (root, leaves)
}

/// A rule that was judged.
struct Judged {
    truth: Truth,
    parts: Parts,
}

enum Parts {
    /// Position of the leaf's report.
    Leaf(usize),
    Not(Box<Judged>),
    Group(Vec<Judged>),
}

fn judge(
    rule: &Rule,
    path: String,
    negated: bool,
    subject: &Subject,
    view: &impl ChainView,
    leaves: &mut Vec<LeafReport>,
) -> Judged {
    let step = |name: &str| match path.as_str() {
        "" => name.to_owned(),
        path => format!("{path}.{name}"),
    };
    let mut group = |name: &str, of: &[Rule]| -> Vec<Judged> {
        of.iter()
            .enumerate()
            .map(|(i, rule)| {
                let path = step(&format!("{name}[{i}]"));
                judge(rule, path, negated, subject, view, leaves)
            })
            .collect()
    };
    match rule {
        Rule::All(of) => {
            let parts = group("all", of);
            Judged {
                truth: Truth::all(parts.iter().map(|part| part.truth)),
                parts: Parts::Group(parts),
            }
        }
        Rule::Any(of) => {
            let parts = group("any", of);
            Judged {
                truth: Truth::any(parts.iter().map(|part| part.truth)),
                parts: Parts::Group(parts),
            }
        }
        Rule::AtLeast { k, of } => {
            let parts = group("at_least", of);
            Judged {
                truth: Truth::at_least(*k, parts.iter().map(|part| part.truth)),
                parts: Parts::Group(parts),
            }
        }
        Rule::Not(rule) => {
            let part = judge(rule, step("not"), !negated, subject, view, leaves);
            Judged {
                truth: !part.truth,
                parts: Parts::Not(Box::new(part)),
            }
        }
        Rule::Leaf(leaf) => {
            let outcome = leaf::judge(leaf, subject, view, !negated);
            leaves.push(LeafReport {
                path: step(leaf.name()),
                truth: outcome.truth,
                what: words::leaf(leaf),
                found: outcome.found,
                remedy: outcome.remedy,
                negated,
                blocking: false,
                transient: outcome.transient,
            });
            Judged {
                truth: outcome.truth,
                parts: Parts::Leaf(leaves.len() - 1),
            }
        }
    }
}

impl Judged {
    /// Marks the leaves that keep this from being `wanted`.
    fn block(&self, wanted: Truth, leaves: &mut [LeafReport]) {
        if self.truth == wanted {
            return;
        }
        match &self.parts {
            Parts::Leaf(at) => {
                if let Some(leaf) = leaves.get_mut(*at) {
                    leaf.blocking = true;
                }
            }
            Parts::Not(part) => part.block(!wanted, leaves),
            Parts::Group(parts) => {
                for part in parts {
                    part.block(wanted, leaves);
                }
            }
        }
    }
}
