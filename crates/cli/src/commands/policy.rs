//! `stheno policy`: is it one, what does it mean, and how to come by one.

mod explain;
pub mod fixtures;
mod lit;
mod new;
mod reader;
mod test;

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use stheno::{Error, Policy, protocol::policy::SCHEMA};

use crate::{
    args::{PolicyCheckArgs, PolicyCommand, PolicyImportArgs},
    failure::Failure,
    input, say,
};

/// Runs the command.
///
/// # Errors
/// What is wrong with the policy, with line and column.
pub async fn run(command: PolicyCommand, as_json: bool) -> Result<(), Failure> {
    match command {
        PolicyCommand::Check(args) => check(&args, as_json),
        PolicyCommand::Explain(args) => explain::run(&args, as_json).await,
        PolicyCommand::Record(args) => test::record(&args, as_json).await,
        PolicyCommand::Test(args) => test::run(&args, as_json),
        PolicyCommand::New(args) => written(&new::write(&args.preset)?, as_json),
        PolicyCommand::Import(args) => import(&args, as_json),
        PolicyCommand::Schema => {
            schema(as_json);
            Ok(())
        }
    }
}

fn import(args: &PolicyImportArgs, as_json: bool) -> Result<(), Failure> {
    let text = input::text(Path::new(&args.lit))?;
    let refused = |fault: &dyn std::fmt::Display| {
        Failure::new("not_importable", format_args!("{}: {fault}", args.lit))
            .hint("`stheno help not_importable` says what can be done")
    };
    let conditions = serde_json::from_str(&text).map_err(|error| refused(&error))?;
    let policy = lit::convert(&conditions).map_err(|error| refused(&error))?;
    written(&policy, as_json)?;
    say::note(
        "note: Lit asked the newest block; a policy has to hold at a final block and at the head",
    );
    Ok(())
}

/// Says a policy that was made here, after reading it as any other is read.
fn written(policy: &Value, as_json: bool) -> Result<(), Failure> {
    let policy = Policy::from_json(&policy.to_string()).map_err(|error| {
        let error = Error::from(error);
        Failure::new(error.code(), &error).hint(error.hint())
    })?;
    say::result(as_json, &policy.to_json(), &as_value(&policy));
    Ok(())
}

/// Reads a policy from a file; `-` is standard input.
///
/// # Errors
/// The file's name, and what is wrong with it.
pub fn load(path: &Path) -> Result<Policy, Failure> {
    let text = input::text(path)?;
    Policy::from_json(&text).map_err(|error| {
        let fault = format!("{}: {error}", path.display());
        let error = Error::from(error);
        Failure::new(error.code(), fault).hint(error.hint())
    })
}

fn check(args: &PolicyCheckArgs, as_json: bool) -> Result<(), Failure> {
    let policy = load(&PathBuf::from(&args.file))?;
    let bytes = policy.to_cbor().len();
    let chains: Vec<Value> = policy
        .chains()
        .into_iter()
        .map(|(chain, tier)| json!({ "chainId": chain, "confirmations": tier }))
        .collect();
    let object = json!({
        "ok": true,
        "digest": policy.digest().to_string(),
        "bytes": bytes,
        "needsAccount": policy.needs_account(),
        "private": policy.is_private(),
        "chains": chains,
        "policy": as_value(&policy),
    });
    let mut text = format!(
        "ok\ndigest    {}\nstored    {bytes} bytes\n",
        policy.digest()
    );
    text += match (policy.requires_account(), policy.is_private()) {
        (true, _) => "reader    must show an account\n",
        (false, true) => "reader    proves a right without showing an account\n",
        (false, false) => "reader    may be anybody; no account is asked for\n",
    };
    for (chain, tier) in policy.chains() {
        text += &match tier {
            0 => format!("reads     chain {chain} at its newest final block\n"),
            blocks => format!("reads     chain {chain} {blocks} blocks below its head\n"),
        };
    }
    say::result(as_json, &text, &object);
    Ok(())
}

/// JSON either way; as it is published, unless one line is wanted.
fn schema(as_json: bool) {
    let object = serde_json::from_str(SCHEMA).unwrap_or_default();
    say::result(as_json, SCHEMA, &object);
}

/// The policy as a JSON value.
pub fn as_value(policy: &Policy) -> Value {
    serde_json::from_str(&policy.to_json()).unwrap_or_default()
}

/// A JSON object with one more field.
fn with(mut object: Value, name: &str, value: impl Into<Value>) -> Value {
    if let Some(fields) = object.as_object_mut() {
        fields.insert(name.to_owned(), value.into());
    }
    object
}
