//! Development keys, and proofs verified, from a shell: for tests of provers in other languages.
//!
//! ```text
//! keys make membership-20-v1 SEED FOLDER     # writes CIRCUIT.proving and CIRCUIT.verifying
//! keys verify FILE.verifying < proof.json    # {"inputs": ["0x…", …], "proof": "0x…"}
//! ```
//!
//! `SEED` is 64 hexadecimal digits. `make` prints the hashes of both files, as JSON. `verify` says
//! what is wrong and ends with 1 if the proof is not true.
#![allow(
    clippy::print_stdout,
    reason = "the hashes of the keys are what is asked for"
)]

use std::{env, error::Error, fs, io::stdin, path::Path};

use serde::Deserialize;
use stheno_circuits::{Circuit, Development, Inputs, Proof, VerifyingKey, setup, verify};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["make", circuit, seed, folder] => make(circuit.parse()?, seed, folder.as_ref()),
        ["verify", key] => check(key.as_ref()),
        _ => Err("say `make CIRCUIT SEED FOLDER` or `verify FILE.verifying`".into()),
    }
}

fn make(circuit: Circuit, seed: &str, folder: &Path) -> Result<(), Box<dyn Error>> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(seed, &mut bytes)?;
    let key = setup(circuit, &bytes);
    let verifying = key.verifying_key();
    fs::write(folder.join(format!("{circuit}.proving")), key.to_bytes())?;
    fs::write(
        folder.join(format!("{circuit}.verifying")),
        verifying.to_bytes(),
    )?;
    let hashes = serde_json::json!({
        "proving": key.hash().to_string(),
        "verifying": verifying.hash().to_string(),
    });
    println!("{hashes}");
    Ok(())
}

/// What a prover made. Each input is 32 bytes, in order.
#[derive(Deserialize)]
struct Claim {
    inputs: Vec<String>,
    proof: Proof,
}

fn check(key: &Path) -> Result<(), Box<dyn Error>> {
    let key = VerifyingKey::read(&fs::read(key)?, Development::Allowed)?;
    let claim: Claim = serde_json::from_reader(stdin())?;
    let mut inputs = Vec::new();
    for input in &claim.inputs {
        let mut bytes = [0; 32];
        hex::decode_to_slice(input.trim_start_matches("0x"), &mut bytes)?;
        inputs.push(bytes);
    }
    let inputs = Inputs::from_bytes(key.circuit().statement, &inputs)?;
    verify(&key.prepare(), &inputs, &claim.proof)?;
    Ok(())
}
