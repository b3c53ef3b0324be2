//! `stheno prove`: keys for development, and whether one could prove what a policy asks.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use serde_json::json;
use stheno::{
    Error,
    circuits::{Inputs, Proof, VerifyingKey, setup, verify},
    crypto::{ItemId, NetworkId},
    ledger::{Ledger, RpcLedger},
    private::{Prover, Purpose, Unproven, plan},
    protocol::{Authorization, Context, Policy, Request, private::tasks},
};
use zeroize::Zeroizing;

use crate::{
    args::{ProveCommand, ProveKeysArgs, ProveTryArgs},
    commands::policy,
    failure::Failure,
    input, keys,
    output::Output,
    say,
};

/// Runs the command.
///
/// # Errors
/// When keys cannot be written; when nothing can be proven.
pub async fn run(command: &ProveCommand, as_json: bool) -> Result<(), Failure> {
    match command {
        ProveCommand::Keys(args) => make_keys(args, as_json),
        ProveCommand::Try(args) => attempt(args, as_json).await,
    }
}

fn make_keys(args: &ProveKeysArgs, as_json: bool) -> Result<(), Failure> {
    let seed = seed(args.seed.as_deref())?;
    let key = setup(args.circuit, &seed);
    let verifying = key.verifying_key();
    let hash = hex::encode(verifying.hash().as_bytes());
    fs::create_dir_all(&args.folder).map_err(|error| {
        let fault = format!("{} cannot be made: {error}", args.folder.display());
        Failure::new("output_unwritable", fault)
    })?;
    let proving = args.folder.join(format!("{hash}.proving"));
    write(
        &args.folder.join(format!("{hash}.verifying")),
        &verifying.to_bytes(),
    )?;
    write(&proving, &key.to_bytes())?;
    let text = format!(
        "key       0x{hash}\ncircuit   {}\nproving   {}\nFor development alone: whoever has the seed can prove anything.",
        args.circuit,
        proving.display()
    );
    let object = json!({
        "key": format!("0x{hash}"),
        "circuit": args.circuit.to_string(),
        "provingKeyHash": key.hash().to_string(),
        "proving": proving,
        "development": true,
    });
    say::result(as_json, &text, &object);
    Ok(())
}

/// The same key may be there: the same seed makes the same bytes.
fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    use std::io::Write;

    let mut output = Output::create(&path.to_string_lossy(), true)?;
    output
        .write_all(bytes)
        .map_err(|error| output.failure(stheno::envelope::EnvelopeError::Write(error).into()))?;
    output.commit()?;
    Ok(())
}

fn seed(file: Option<&Path>) -> Result<Zeroizing<[u8; 32]>, Failure> {
    let mut seed = Zeroizing::new([0; 32]);
    match file {
        None => getrandom::fill(&mut seed[..]).map_err(|error| Error::Entropy {
            why: error.to_string(),
        })?,
        Some(path) => {
            let text = input::secret_text(path)?;
            hex::decode_to_slice(text.trim(), &mut seed[..]).map_err(|_| {
                let fault = format!("{} is not 64 hex digits", path.display());
                Failure::new("bad_key", fault)
                    .hint("leave --seed out to make keys from random ones")
            })?;
        }
    }
    Ok(seed)
}

async fn attempt(args: &ProveTryArgs, as_json: bool) -> Result<(), Failure> {
    let path = Path::new(&args.policy);
    input::stdin_once(args.member.files().map(PathBuf::as_path).chain([path]))?;
    let policy = policy::load(path)?;
    let Some(member) = &args.member.key else {
        return Err(
            Failure::new("usage", "nobody is named who proves").hint("give --member and --group")
        );
    };
    if !policy.is_private() {
        return Err(Failure::new(
            "not_provable",
            "the policy has no private condition",
        ));
    }
    let prover = keys::prover(member, &args.member)?;
    let request = for_nobody(&policy);
    let ledger = RpcLedger::new(args.rpc.iter().cloned());
    let purpose = Purpose {
        policy: &policy,
        context: &request.context,
        now: request.issued_at,
        until: request.expires_at,
        ledger: (!args.rpc.is_empty()).then_some(&ledger as &dyn Ledger),
    };
    let plan = plan(&prover, &purpose).await.map_err(Error::from)?;
    let (mut lines, mut proven) = (Vec::new(), Vec::new());
    for task in tasks(&request, &policy) {
        let Some(claim) = plan.claims.iter().find(|claim| claim.leaf == *task.leaf) else {
            continue;
        };
        // A condition that stands in the policy twice has one proof.
        if proven.iter().any(|(leaf, _)| leaf == task.leaf) {
            continue;
        }
        let begun = Instant::now();
        let presentation = prover.prove(&task, claim.root).await.map_err(Error::from)?;
        let taken = begun.elapsed().as_millis();
        verified(
            &presentation.key,
            &presentation.proof,
            &task.inputs(presentation.root, presentation.nullifier),
        )?;
        lines.push(format!(
            "proven    :{} {} in {taken} ms, in the group with the root {}",
            task.leaf.proof, task.leaf.circuit, presentation.root
        ));
        let object = json!({
            "proof": task.leaf.proof,
            "circuit": task.leaf.circuit.to_string(),
            "root": presentation.root.to_string(),
            "milliseconds": u64::try_from(taken).unwrap_or(u64::MAX),
        });
        proven.push((task.leaf.clone(), object));
    }
    if proven.is_empty() {
        lines.push("proven    nothing: as far as is known here, no proof is needed".to_owned());
    }
    let mut not_proven = Vec::new();
    for Unproven { name, why, .. } in &plan.refused {
        lines.push(format!("left out  :{name}: {why}"));
        not_proven.push(json!({ "proof": name, "code": why.code(), "why": why.to_string() }));
    }
    let proven: Vec<_> = proven.into_iter().map(|(_, object)| object).collect();
    let object = json!({ "proven": proven, "leftOut": not_proven });
    say::result(as_json, &lines.join("\n"), &object);
    Ok(())
}

/// As a node of a devnet does.
fn verified(key: &[u8], proof: &[u8; 192], inputs: &Inputs) -> Result<(), Failure> {
    let broken = |why: &dyn std::fmt::Display| {
        Failure::new(
            "proving_stopped",
            format!("the proof does not verify: {why}"),
        )
    };
    let key = VerifyingKey::read(key, stheno::circuits::Development::Allowed)
        .map_err(|error| broken(&error))?;
    let proof = Proof::from_bytes(proof).map_err(|error| broken(&error))?;
    verify(&key.prepare(), inputs, &proof).map_err(|error| broken(&error))
}

/// A request that is never sent, whose network there is none of.
fn for_nobody(policy: &Policy) -> Request {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.map_or(0, |since| since.as_secs());
    Request {
        network: NetworkId::from_bytes([0; 32]),
        epoch: 0,
        account: None,
        policy: policy.to_cbor().into(),
        items: vec![ItemId::from_bytes([0; 32])],
        reader_key: Default::default(),
        anchors: Vec::new(),
        issued_at: now,
        expires_at: now.saturating_add(120),
        nonce: Default::default(),
        context: Context::default(),
        authorization: Authorization::None {},
    }
}
