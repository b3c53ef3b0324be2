//! `stheno member`: the key that makes somebody a member of groups.

use std::io::Write;

use serde_json::json;
use stheno::group::MemberKey;
use zeroize::Zeroizing;

use crate::{
    args::{MemberCommand, MemberCommitmentArgs, MemberCreateArgs},
    failure::Failure,
    key_file,
    output::Output,
    say,
};

/// Runs the command.
///
/// # Errors
/// When the file cannot be written or read.
pub fn run(command: &MemberCommand, as_json: bool) -> Result<(), Failure> {
    match command {
        MemberCommand::Create(args) => create(args, as_json),
        MemberCommand::Commitment(args) => commitment(args, as_json),
    }
}

fn create(args: &MemberCreateArgs, as_json: bool) -> Result<(), Failure> {
    let mut output = Output::create_secret(&args.output, args.force)?;
    let beside_data = output.is_stdout();
    let key = MemberKey::random()?;
    let commitment = key.commitment().to_string();
    output
        .write_all(file_of(&commitment, &key.expose_text()).as_bytes())
        .map_err(|error| output.failure(stheno::envelope::EnvelopeError::Write(error).into()))?;
    output.commit()?;
    let object = json!({ "commitment": commitment, "output": args.output });
    match (beside_data, as_json) {
        (false, _) => say::result(as_json, &commitment, &object),
        (true, true) => say::beside_data(true, &object),
        (true, false) => say::note(&format!("commitment: {commitment}")),
    }
    Ok(())
}

fn commitment(args: &MemberCommitmentArgs, as_json: bool) -> Result<(), Failure> {
    let commitment = key_file::member(&args.key)?.commitment().to_string();
    say::result(as_json, &commitment, &json!({ "commitment": commitment }));
    Ok(())
}

/// The text of the file: when, whose, and the key; without a copy that stays behind.
fn file_of(commitment: &str, secret: &str) -> Zeroizing<String> {
    let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ");
    let head = format!("# created: {now}\n# commitment: {commitment}\n");
    let mut text = Zeroizing::new(String::with_capacity(head.len() + secret.len() + 1));
    text.push_str(&head);
    text.push_str(secret);
    text.push('\n');
    text
}
