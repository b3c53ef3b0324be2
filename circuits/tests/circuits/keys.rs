//! Key files: who takes which.

use ark_bls12_381::{Fq, G1Affine};
use ark_ff::UniformRand;
use ark_serialize::CanonicalSerialize;
use stheno_circuits::*;

use crate::{
    fixture::*,
    points::{bad_g1, bad_g2},
};

const HEADER: usize = 23;

fn read(file: &[u8]) -> Result<ProvingKey, KeyError> {
    ProvingKey::read(file, &KeyHash::of(file), Development::Allowed)
}

fn read_verifying(file: &[u8]) -> Result<VerifyingKey, KeyError> {
    VerifyingKey::read(file, Development::Allowed)
}

#[test]
fn setup_gives_the_same_key_for_the_same_seed_alone() {
    let key = membership();
    let again = setup(key.circuit(), &SEED);
    assert_eq!(again.to_bytes(), key.to_bytes());
    assert_ne!(setup(key.circuit(), &[1; 32]).hash(), key.hash());
    assert_eq!(key.hash(), KeyHash::of(&key.to_bytes()));
    assert_eq!(key.hash().to_string().parse(), Ok(key.hash()));
    assert_eq!("0x12".parse::<KeyHash>(), Err(KeyError::HashText));
}

#[test]
fn keys_are_written_read_and_used() {
    for (key, (inputs, witness)) in [(membership(), member()), (credential(), holder())] {
        let file = key.to_bytes();
        for read in [
            ProvingKey::read(&file, &key.hash(), Development::Allowed),
            ProvingKey::read_unknown(&file, Development::Allowed, &mut rng()),
        ] {
            let read = read.unwrap();
            assert_eq!(read.to_bytes(), file);
            assert_eq!(
                (read.kind(), read.circuit()),
                (Kind::Development, key.circuit())
            );
            let proof = prove_quietly(&read, &inputs, &witness);
            let verifying = read_verifying(&read.verifying_key().to_bytes()).unwrap();
            assert_eq!(&verifying, key.verifying_key());
            let length = VerifyingKey::file_bytes(key.circuit().statement);
            assert_eq!(verifying.to_bytes().len(), length);
            assert_eq!(verify(&verifying.prepare(), &inputs, &proof), Ok(()));
        }
        let inputs = key.circuit().statement.input_count();
        let eip2537 = key.verifying_key().to_eip2537();
        assert_eq!(eip2537.len(), 128 + 3 * 256 + 128 * (inputs + 1));
    }
}

#[test]
fn development_keys_are_refused_unless_allowed() {
    let refused = Development::default();
    let key = membership();
    let file = key.to_bytes();
    let error = KeyError::Development;
    assert_eq!(
        ProvingKey::read(&file, &key.hash(), refused).unwrap_err(),
        error
    );
    assert_eq!(
        ProvingKey::read_unknown(&file, refused, &mut rng()).unwrap_err(),
        error
    );
    let file = key.verifying_key().to_bytes();
    assert_eq!(VerifyingKey::read(&file, refused), Err(error));

    // The kind is a byte of the file, and so of its hash.
    let mut ceremony = file.clone();
    ceremony[10] = 1;
    let ceremony = VerifyingKey::read(&ceremony, refused).unwrap();
    assert_eq!(ceremony.kind(), Kind::Ceremony);
    assert_ne!(ceremony.hash(), key.verifying_key().hash());
}

#[test]
fn proving_key_with_another_hash_is_refused() {
    let mut file = membership().to_bytes();
    let want = membership().hash();
    let last = file.len() - 1;
    for at in [0, 10, HEADER, last / 2, last] {
        file[at] ^= 1;
        let error = ProvingKey::read(&file, &want, Development::Allowed).unwrap_err();
        assert_eq!(
            error,
            KeyError::Hash {
                want,
                got: KeyHash::of(&file)
            }
        );
        file[at] ^= 1;
    }
    // What is not whole is told as that, and not as a stranger.
    let error = ProvingKey::read(&file[..last], &want, Development::Refused).unwrap_err();
    let (want, got) = (file.len() as u64, last as u64);
    assert_eq!(error, KeyError::Length { want, got });
}

#[test]
fn files_that_are_cut_or_go_on_are_refused() {
    for file in [
        membership().to_bytes(),
        membership().verifying_key().to_bytes(),
    ] {
        let long = [&file[..], &[0]].concat();
        for file in (0..60)
            .chain([96, 200, file.len() / 2, file.len() - 1])
            .map(|length| &file[..length])
            .chain([&long[..]])
        {
            let error = read(file).err().or(read_verifying(file).err()).unwrap();
            match file.len() {
                0..8 => assert_eq!(error, KeyError::NotAKey),
                // Of a verifying key, the proving key's reader sees the other role first.
                _ => assert!(
                    matches!(error, KeyError::Length { .. } | KeyError::Role { .. }),
                    "{error}"
                ),
            }
            assert!(ProvingKey::read_unknown(file, Development::Allowed, &mut rng()).is_err());
            assert!(read(file).is_err() && read_verifying(file).is_err());
        }
    }
}

#[test]
fn headers_that_say_something_else_are_refused() {
    let file = membership().verifying_key().to_bytes();
    for (at, byte, error) in [
        (0, b'z', KeyError::NotAKey),
        (8, 2, KeyError::Format(2)),
        (9, 1, KeyError::Role { want: "verifying" }),
        (9, 0, KeyError::NotAKey),
        (10, 2, KeyError::UnknownKind),
        (11, 3, KeyError::UnknownCircuit),
        (13, 2, KeyError::UnknownCircuit),
        (14, 0, KeyError::UnknownCircuit),
        (14, 33, KeyError::UnknownCircuit),
        // Another statement: its number of inputs is not this key's.
        (11, 2, KeyError::Inputs { want: 13, got: 4 }),
    ] {
        let mut wrong = file.clone();
        wrong[at] = byte;
        assert_eq!(read_verifying(&wrong), Err(error), "byte {at}");
    }
    let role = KeyError::Role { want: "proving" };
    assert_eq!(read(&file).unwrap_err(), role);
    let mut other = membership().to_bytes();
    other[14] = 4;
    let error = read(&other).unwrap_err();
    assert!(matches!(error, KeyError::Length { .. }), "{error}");
}

#[test]
fn points_of_a_verifying_key_that_are_none_are_refused() {
    let file = membership().verifying_key().to_bytes();
    let mut places = vec![
        ("alpha", HEADER, bad_g1()),
        ("beta", HEADER + 48, bad_g2()),
        ("gamma", HEADER + 144, bad_g2()),
        ("delta", HEADER + 240, bad_g2()),
    ];
    for input in 0..5 {
        places.push(("ic", HEADER + 344 + 48 * input, bad_g1()));
    }
    for (name, at, points) in places {
        for (point, what) in points {
            let mut wrong = file.clone();
            wrong[at..at + point.len()].copy_from_slice(&point);
            let error = read_verifying(&wrong).unwrap_err().to_string();
            assert_eq!(error, format!("the key's element {name} is bad: {what}"));
        }
    }
}

#[test]
fn verifying_key_for_another_number_of_inputs_is_refused() {
    let file = membership().verifying_key().to_bytes();
    let with_count = |count: u64, points: usize| {
        let mut body = file[HEADER..HEADER + 336].to_vec();
        body.extend(count.to_le_bytes());
        body.extend(file[HEADER + 344..].iter().cycle().take(48 * points));
        let mut wrong = file[..15].to_vec();
        wrong.extend((body.len() as u64).to_be_bytes());
        wrong.extend(body);
        read_verifying(&wrong)
    };
    assert!(with_count(5, 5).is_ok());
    for (count, points) in [(4, 4), (6, 6), (4, 5), (6, 5), (0, 5), (u64::MAX, 5)] {
        let got = count.saturating_sub(1);
        let error = Err(KeyError::Inputs { want: 4, got });
        assert_eq!(with_count(count, points), error, "{count}, {points}");
    }
    for points in [4, 6] {
        let error = with_count(5, points).unwrap_err();
        assert!(matches!(error, KeyError::Length { .. }), "{error}");
    }
}

/// Counts that the file announces are not believed, and points not either, where the hash is not
/// known. Where it is known and names a broken key, proving says so.
#[test]
fn parts_of_a_proving_key_that_do_not_fit_are_refused() {
    let file = membership().to_bytes();
    let shape = membership().circuit().shape();
    let all = shape.instance + shape.witness;
    let a_count = HEADER + 96 + 3 * 192 + 8 + 96 * shape.instance + 2 * 96;
    let b1_count = a_count + 8 + 96 * all;
    let b2_count = b1_count + 8 + 96 * all;
    let h_count = b2_count + 8 + 192 * all;
    let l_count = h_count + 8 + 96 * (shape.domain() - 1);
    for at in [a_count, b1_count, b2_count, h_count, l_count] {
        for count in [u64::MAX, 1 << 60, 0] {
            let mut wrong = file.clone();
            wrong[at..at + 8].copy_from_slice(&count.to_le_bytes());
            assert_eq!(read(&wrong).unwrap_err(), KeyError::Parts);
        }
    }

    let mut rng = rng();
    let point = loop {
        let x = Fq::rand(&mut rng);
        if let Some(point) = G1Affine::get_point_from_x_unchecked(x, true) {
            break point;
        }
    };
    let mut bytes = Vec::new();
    point.serialize_uncompressed(&mut bytes).unwrap();
    let mut outside = file.clone();
    outside[l_count + 8..l_count + 8 + 96].copy_from_slice(&bytes);
    let unknown = ProvingKey::read_unknown(&outside, Development::Allowed, &mut rng);
    assert_eq!(unknown.unwrap_err(), KeyError::Parts);

    // α off the curve: a known hash does not make a verifying half of it.
    let mut off_curve = file.clone();
    off_curve[HEADER + 95] ^= 1;
    assert_eq!(read(&off_curve).unwrap_err(), KeyError::Parts);

    // β of G1 beside another β of G2.
    let mut other = file.clone();
    let beta = a_count - 2 * 96;
    other.copy_within(beta + 96..beta + 192, beta);
    assert_eq!(read(&other).unwrap_err(), KeyError::Parts);

    let mut swapped = file;
    swapped.copy_within(l_count + 8..l_count + 8 + 96, l_count + 8 + 96);
    let (inputs, witness) = member();
    let key = read(&swapped).unwrap();
    let error = prove(&key, &inputs, &witness, &mut rng, &mut |_| ()).unwrap_err();
    assert_eq!(error, ProveError::BrokenKey);
}
