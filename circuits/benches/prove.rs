//! What a private condition costs: `cargo bench --profile dist -p stheno-circuits --bench prove`.
//!
//! Processor time of one thread, medians of a few rounds.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout
)]

use std::hint::black_box;

use rustix::time::{ClockId, clock_gettime};
use stheno_circuits::{
    rand::{SeedableRng, rngs::StdRng},
    *,
};
use stheno_crypto::{NetworkId, PolicyDigest};

const ROUNDS: usize = 7;
const BATCHES: [usize; 3] = [4, 16, 64];

fn main() {
    println!("one hash {}", show(median(|| hashes(1000)) / 1000.0));
    for circuit in Circuit::OFFERED {
        measure(circuit);
    }
}

fn measure(circuit: Circuit) {
    let shape = circuit.shape();
    let seconds = |began: f64| now() - began;

    let began = now();
    let key = setup(circuit, &[0; 32]);
    let made = seconds(began);
    let file = key.to_bytes();
    let hash = key.hash();
    let read = median(|| {
        let key = ProvingKey::read(&file, &hash, Development::Allowed);
        black_box(key).unwrap();
    });
    println!(
        "\n{circuit}: {} constraints, domain {}; proving key {:.1} MB, made in {}, read in {}",
        shape.constraints,
        shape.domain(),
        file.len() as f64 / 1e6,
        show(made),
        show(read)
    );

    let (inputs, witness) = statement(circuit);
    let mut rng = StdRng::from_seed([1; 32]);
    let mut rounds: Vec<[f64; 5]> = (0..ROUNDS)
        .map(|_| {
            let mut phases = vec![];
            let mut progress = |_| phases.push(now());
            prove(&key, &inputs, &witness, &mut rng, &mut progress).unwrap();
            phases.push(now());
            let of = |at: usize| phases[at + 1] - phases[at];
            [of(0), of(1), of(2), of(3), phases[4] - phases[0]]
        })
        .collect();
    rounds.sort_by(|one, other| one[4].total_cmp(&other[4]));
    let [check, assign, proved, verified, total] = rounds[ROUNDS / 2].map(show);
    println!("  prove {total}: check {check}, assign {assign}, prove {proved}, verify {verified}");

    let proof = prove(&key, &inputs, &witness, &mut rng, &mut |_| ()).unwrap();
    let file = key.verifying_key().to_bytes();
    let prepared = key.verifying_key().prepare();
    let read = median(|| {
        let key = VerifyingKey::read(&file, Development::Allowed).unwrap();
        black_box(key.prepare());
    });
    let decoded = median(|| {
        black_box(Proof::from_bytes(&proof.to_bytes())).unwrap();
    });
    let one = median(|| verify(&prepared, &inputs, &proof).unwrap());
    println!(
        "  verify {}; proof decoded in {}, verifying key read and prepared in {}",
        show(one),
        show(decoded),
        show(read)
    );
    for count in BATCHES {
        let batch = vec![(inputs.clone(), proof.clone()); count];
        let all = median(|| verify_batch(&prepared, &batch, &mut rng).unwrap());
        let each = all / count as f64;
        println!(
            "  verify {count} at once {}, each {}",
            show(all),
            show(each)
        );
    }
}

fn statement(circuit: Circuit) -> (Inputs, Witness) {
    let secret = Secret::from_seed(&[7; 32]);
    let attributes = Attributes {
        values: [1, 2, 3, 4],
        expiry: u64::MAX,
    };
    let credential = circuit.statement == Statement::CredentialV1;
    let commitment = secret.commitment();
    let leaf = if credential {
        Leaf::of_credential(&commitment, &attributes)
    } else {
        Leaf::of_member(&commitment)
    };
    let mut group = Group::new(circuit.depth);
    group.add(leaf).unwrap();
    let path = group.path(&leaf).unwrap();
    let scope = Scope {
        network: NetworkId::from_bytes([1; 32]),
        policy: PolicyDigest::from_bytes([2; 32]),
        period: 0,
    };
    let binding = Binding {
        network: scope.network,
        epoch: 1,
        items: vec![],
        reader_key: [0; 48],
        anchors: vec![],
        expires_at: 0,
    };
    let inputs = Inputs {
        root: group.root().unwrap(),
        nullifier: secret.nullifier(&scope.to_field()),
        scope: scope.to_field(),
        binding: binding.to_field(),
        bounds: credential.then_some(Bounds {
            ranges: [Range::ANY; spec::ATTRIBUTES],
            now: 0,
        }),
    };
    let witness = if credential {
        Witness::credential(secret, path, attributes)
    } else {
        Witness::member(secret, path)
    };
    (inputs, witness)
}

fn hashes(count: usize) {
    let mut commitment = Secret::from_seed(&[7; 32]).commitment();
    for _ in 0..count {
        let leaf = Leaf::of_member(&commitment).to_bytes();
        commitment = Commitment::from_bytes(&leaf).unwrap();
    }
    black_box(commitment);
}

fn median(mut subject: impl FnMut()) -> f64 {
    let mut times = [(); ROUNDS].map(|()| {
        let began = now();
        subject();
        now() - began
    });
    times.sort_by(f64::total_cmp);
    times[ROUNDS / 2]
}

fn now() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// Seconds for people.
fn show(seconds: f64) -> String {
    match seconds {
        s if s < 1e-3 => format!("{:.0} µs", s * 1e6),
        s if s < 0.1 => format!("{:.2} ms", s * 1e3),
        s => format!("{:.0} ms", s * 1e3),
    }
}
