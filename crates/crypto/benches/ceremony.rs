//! What a ceremony costs a node, from 16 to 256 members: dealing, and everything that it verifies,
//! one by one and together: `cargo bench --profile dist --workspace --bench ceremony`.
//!
//! Times are of the thread's processor, and medians of a few rounds; what is compared runs in turn.
//! `STHENO_CEREMONY=16,64` measures those sizes alone.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout
)]

#[path = "../tests/fixture/mod.rs"]
mod fixture;

use std::hint::black_box;

use fixture::*;
use rustix::time::{ClockId, clock_gettime};
use stheno_crypto::{dkg::*, *};

/// Members and threshold: two thirds.
const SIZES: [(u16, u16); 4] = [(16, 11), (64, 43), (128, 86), (256, 171)];
/// Bytes of a dealing in one event, as the contract splits them.
const PART_BYTES: usize = 7_168;

fn main() {
    let chosen = std::env::var("STHENO_CEREMONY").ok();
    let wanted = |n: u16| {
        let Some(chosen) = &chosen else { return true };
        chosen.split(',').any(|size| size == n.to_string())
    };
    let sizes: Vec<_> = SIZES.into_iter().filter(|(n, _)| wanted(*n)).collect();
    sizes_of_messages(&sizes);
    let rows: Vec<_> = sizes
        .iter()
        .flat_map(|&(n, t)| [Kind::First, Kind::Reshare].map(|kind| Row::measure(kind, n, t)))
        .collect();
    one_by_one(&rows);
    together(&rows);
    bounds(&rows);
}

/// Bytes on the chain.
fn sizes_of_messages(sizes: &[(u16, u16)]) {
    println!("| transcript | a dealing | its events | all dealings | all events |");
    println!("|---|---:|---:|---:|---:|");
    for &(n, t) in sizes {
        let dealing = Dealing::encoded_len(t, n.into());
        // Each dealing ends with an event of its own that names it.
        let events = dealing.div_ceil(PART_BYTES) + 1;
        println!(
            "| {t} of {n} | {dealing} B | {events} | {:.2} MB | {} |",
            dealing as f64 * f64::from(n) / 1e6,
            events * usize::from(n),
        );
    }
}

/// What one node does in one ceremony; seconds.
struct Row {
    kind: Kind,
    n: u16,
    t: u16,
    deal: f64,
    verify_one: f64,
    receive_one: f64,
    verify: f64,
    receive: f64,
    outcome: f64,
    combine: f64,
    square_roots: f64,
}

impl Row {
    fn name(&self) -> String {
        let kind = match self.kind {
            Kind::First => "first",
            Kind::Reshare => "reshare",
        };
        format!("{kind}, {} of {}", self.t, self.n)
    }

    fn together(&self) -> f64 {
        self.verify + self.receive + self.outcome + self.combine
    }

    fn measure(kind: Kind, n: u16, t: u16) -> Self {
        let ceremony = Ceremony::new(kind, n, t);
        let posted = ceremony.posted();
        let rounds = if n > 100 { 3 } else { 7 };
        // In the middle: the first receivers' indices are the cheapest.
        let me = index(n / 2 + 1);
        let secret = &ceremony.secrets[usize::from(n / 2)];
        let context = &ceremony.context;

        let mut times = [const { Vec::new() }; 8];
        for round in 0..rounds {
            let seed = Numbers(round).bytes();
            let mut time = |at: usize, work: &mut dyn FnMut()| times[at].push(seconds(work));
            time(0, &mut || drop(black_box(ceremony.deal(me))));
            let mut verified = Vec::new();
            time(1, &mut || {
                let receivers = n.into();
                verified = verify_all(context, t, receivers, &posted, &seed)
                    .into_iter()
                    .collect::<Result<Vec<_>, _>>()
                    .unwrap();
            });
            let all: Vec<_> = verified.iter().collect();
            let mut shares = Vec::new();
            time(2, &mut || {
                shares = receive_all(&all, me, secret, &seed)
                    .into_iter()
                    .map(|share| share.map(|share| (share.dealer(), share)))
                    .collect::<Result<Vec<_>, _>>()
                    .unwrap();
            });
            let counted = match kind {
                Kind::First => n,
                Kind::Reshare => t,
            };
            let qualified: Vec<_> = verified
                .iter()
                .take(counted.into())
                .map(|dealing| (dealing.dealer(), dealing))
                .collect();
            let mut made = None;
            time(3, &mut || made = outcome(kind, &qualified, n).ok());
            shares.truncate(counted.into());
            time(4, &mut || {
                let share = combine_shares(kind, me, &shares).unwrap();
                let keys = &made.as_ref().unwrap().node_keys;
                assert_eq!(share.public_key(), keys[usize::from(me.get()) - 1]);
            });
            // One by one: a few of the dealings stand for all.
            let few = posted.iter().step_by((posted.len() / 8).max(1));
            let each = few.clone().count() as f64;
            let mut single = Vec::new();
            time(5, &mut || {
                single = few
                    .clone()
                    .map(|posted| {
                        Dealing::decode(posted.bytes, t, n.into())
                            .unwrap()
                            .verify(context, posted.dealer, posted.expected_constant)
                            .unwrap()
                    })
                    .collect();
            });
            time(6, &mut || {
                for dealing in &single {
                    black_box(dealing.receive(me, secret).unwrap());
                }
            });
            for at in [5, 6] {
                *times[at].last_mut().unwrap() /= each;
            }
            times[7].push(square_roots(usize::from(n) * usize::from(t)));
        }
        let [
            deal,
            verify,
            receive,
            outcome,
            combine,
            verify_one,
            receive_one,
            square_roots,
        ] = times.map(median);
        Self {
            kind,
            n,
            t,
            deal,
            verify_one,
            receive_one,
            verify,
            receive,
            outcome,
            combine,
            square_roots,
        }
    }
}

fn one_by_one(rows: &[Row]) {
    println!("\n| one by one | deal | verify one | receive one | both, of all |");
    println!("|---|---|---|---|---|");
    for row in rows {
        let all = f64::from(row.n) * (row.verify_one + row.receive_one);
        let times = [row.deal, row.verify_one, row.receive_one, all].map(show);
        println!("| {} | {} |", row.name(), times.join(" | "));
    }
}

fn together(rows: &[Row]) {
    println!("\n| together | verify | receive | outcome | own share | all | of one by one |");
    println!("|---|---|---|---|---|---|---|");
    for row in rows {
        let single = f64::from(row.n) * (row.verify_one + row.receive_one);
        let ratio = (row.verify + row.receive) / single;
        let times = [row.verify, row.receive, row.outcome, row.combine].map(show);
        let all = show(row.together());
        println!(
            "| {} | {} | {all} | {ratio:.2} × |",
            row.name(),
            times.join(" | ")
        );
    }
}

/// What no way of checking saves: a point is made of its bytes by a square root.
fn bounds(rows: &[Row]) {
    println!("\n| bound | square roots alone | all, of that |");
    println!("|---|---|---|");
    for row in rows {
        let ratio = row.together() / row.square_roots;
        println!(
            "| {} | {} | {ratio:.2} × |",
            row.name(),
            show(row.square_roots)
        );
    }
}

/// Seconds for so many points of G2, compressed, by blst's own interface, without any check.
#[allow(unsafe_code, reason = "blst's curve arithmetic is a C interface")]
fn square_roots(points: usize) -> f64 {
    use ::blst::{blst_p2_affine, blst_p2_uncompress};
    let bytes = compressed(&g2_outside(7));
    let sample = points.min(2_000);
    let time = seconds(&mut || {
        for _ in 0..sample {
            let mut point = blst_p2_affine::default();
            // SAFETY: blst reads 96 bytes.
            unsafe { blst_p2_uncompress(&mut point, black_box(&bytes).as_ptr()) };
            black_box(point);
        }
    });
    time * points as f64 / sample as f64
}

/// A ceremony in which everybody deals, and deals well.
struct Ceremony {
    kind: Kind,
    threshold: u16,
    context: CeremonyContext,
    old: Fixture,
    secrets: Vec<CeremonySecret>,
    keys: Vec<CeremonyKey>,
    dealings: Vec<Vec<u8>>,
}

impl Ceremony {
    fn new(kind: Kind, n: u16, threshold: u16) -> Self {
        let mut numbers = Numbers(n.into());
        let secrets: Vec<_> = (0..n)
            .map(|_| CeremonySecret::from_seed(&numbers.bytes()))
            .collect();
        let mut ceremony = Self {
            kind,
            threshold,
            context: CeremonyContext::from_bytes([1; 32]),
            old: Fixture::new(n, threshold, 5),
            keys: secrets.iter().map(CeremonySecret::public).collect(),
            secrets,
            dealings: Vec::new(),
        };
        ceremony.dealings = (1..=n)
            .map(|dealer| ceremony.deal(index(dealer)).encode())
            .collect();
        ceremony
    }

    fn deal(&self, dealer: NodeIndex) -> Dealing {
        let share = &self.old.nodes[usize::from(dealer.get()) - 1];
        let constant = match self.kind {
            Kind::First => Constant::Fresh,
            Kind::Reshare => Constant::Share(share),
        };
        let seed = DealerSeed::from_bytes([2; 32]);
        Dealing::deal(
            &self.context,
            dealer,
            self.threshold,
            &self.keys,
            constant,
            &seed,
        )
        .unwrap()
    }

    fn posted(&self) -> Vec<Posted<'_>> {
        let dealers = (1..).map(index).zip(&self.dealings);
        dealers
            .map(|(dealer, bytes)| Posted {
                dealer,
                bytes,
                expected_constant: match self.kind {
                    Kind::First => None,
                    Kind::Reshare => self.old.keys.node_keys.get(&dealer),
                },
            })
            .collect()
    }
}

fn seconds(work: &mut dyn FnMut()) -> f64 {
    let now = || {
        let time = clock_gettime(ClockId::ThreadCPUTime);
        time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
    };
    let began = now();
    work();
    now() - began
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// Seconds for people.
fn show(seconds: f64) -> String {
    match seconds {
        s if s < 1e-3 => format!("{:.0} µs", s * 1e6),
        s if s < 0.1 => format!("{:.2} ms", s * 1e3),
        s => format!("{:.0} ms", s * 1e3),
    }
}
