//! `stheno group add`: members by their commitments, and credentials.

use std::{collections::BTreeMap, io::Write, path::Path};

use serde_json::json;
use stheno::{
    Error,
    circuits::{Attributes, Commitment, Leaf},
    envelope::EnvelopeError,
    group::{Credential, GroupError, GroupFile, commitment_of},
};

use zeroize::Zeroizing;

use super::file::{state_text, with_state};
use crate::{
    args::GroupAddArgs,
    consent::{moment, now},
    failure::Failure,
    input, key_file,
    output::Output,
    say,
};

/// Most bytes of a list of commitments: some four million.
const MAX_LIST: u64 = 256 << 20;

/// Runs the command.
///
/// # Errors
/// When a commitment is none, or is in the group already; nobody is added then.
pub(super) fn run(args: &GroupAddArgs, as_json: bool) -> Result<(), Failure> {
    let attributes = attributes(args)?;
    let listed = match &args.from {
        Some(path) => listed(path)?,
        None => typed(&args.commitments)?,
    };
    let mut file = GroupFile::open(&args.file)?;
    let credential = match (attributes, listed.as_slice()) {
        (None, _) => None,
        (Some(attributes), [one]) => Some(Credential {
            commitment: *one,
            attributes,
            depth: file.group().tree().depth(),
        }),
        (Some(_), _) => {
            return Err(Failure::new(
                "usage",
                "a credential is one member's, and several commitments are given",
            )
            .hint("run it once for each, with a file of its own for each credential"));
        }
    };
    let leaves: Vec<Leaf> = match &credential {
        Some(credential) => vec![credential.leaf()],
        None => listed.iter().map(Leaf::of_member).collect(),
    };
    let first = file
        .add(&leaves)
        .map_err(|error| named(error, &leaves, &listed))?;
    let group = file.group().clone();
    // First the credential: a leaf without one would be of no use to anybody.
    if let (Some(credential), Some(path)) = (&credential, &args.output) {
        write(credential, path, args.force)?;
    }
    let digest = file.save()?;
    let mut text = format!("added       {}\n", leaves.len());
    if let [leaf] = leaves.as_slice() {
        text += &format!("leaf        {leaf}\n");
    }
    text += &state_text(&group);
    let added = leaves.iter().zip(&listed).zip(first..);
    let added = added.map(|((leaf, commitment), place)| {
        json!({ "commitment": commitment, "leaf": leaf, "place": place })
    });
    let object = json!({ "added": added.collect::<Vec<_>>(), "credential": args.output });
    let object = with_state(object, &group, &digest);
    match args.output.as_deref() == Some("-") {
        true => say::beside_data(as_json, &object),
        false => say::result(as_json, &text, &object),
    }
    Ok(())
}

/// What the issuer says of the member.
fn attributes(args: &GroupAddArgs) -> Result<Option<Attributes>, Failure> {
    let Some(path) = &args.attributes_from else {
        return Ok(None);
    };
    let expiry = args.expires.map_or(u64::MAX, |expires| expires.0);
    if expiry <= now() {
        let end = moment(expiry);
        return Err(Failure::new(
            "usage",
            format_args!("a credential until {end} would be over before it is given"),
        )
        .hint("give --expires a time to come, or leave it out"));
    }
    Ok(Some(Attributes {
        values: four_numbers(path)?,
        expiry,
    }))
}

/// What is said of somebody is nobody else's business: it is read from a file, and not repeated.
fn four_numbers(path: &Path) -> Result<[u64; 4], Failure> {
    let text = input::secret_text(path)?;
    let mut lines = key_file::lines(&text);
    let numbers = match (lines.next(), lines.next()) {
        (Some(line), None) => numbers(line),
        _ => None,
    };
    numbers.ok_or_else(|| {
        let fault = format!("{} does not hold four whole numbers", path.display());
        Failure::new("usage", fault).hint("write them in one line, such as 18,0,0,0")
    })
}

fn numbers(line: &str) -> Option<[u64; 4]> {
    let mut numbers = [0; 4];
    let mut parts = line.split(',').map(str::trim);
    for number in &mut numbers {
        let digits = |part: &&str| part.bytes().all(|byte| byte.is_ascii_digit());
        *number = parts.next().filter(digits)?.parse().ok()?;
    }
    parts.next().is_none().then_some(numbers)
}

fn typed(commitments: &[String]) -> Result<Vec<Commitment>, Failure> {
    let read: Result<Vec<_>, _> = commitments.iter().map(|text| commitment_of(text)).collect();
    Ok(read?)
}

/// The commitments in a file, one a line, none of them twice.
fn listed(path: &Path) -> Result<Vec<Commitment>, Failure> {
    let text = input::text_within(path, MAX_LIST)?;
    let mut lines = BTreeMap::new();
    let mut read = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let Some(line) = key_file::lines(line).next() else {
            continue;
        };
        let place = format!("{}, line {number}", path.display());
        let commitment = commitment_of(line).map_err(|error| {
            Failure::new(error.code(), format_args!("{place}: {error}")).hint(error.hint())
        })?;
        if let Some(before) = lines.insert(commitment, number) {
            let fault = format!("{place}: {commitment} stands in line {before} already");
            return Err(Failure::new("group_duplicate", fault)
                .hint("leave it out: nobody is in a group twice"));
        }
        read.push(commitment);
    }
    match read.is_empty() {
        false => Ok(read),
        true => {
            let fault = format!("{} lists nobody", path.display());
            Err(Failure::new("usage", fault).hint("a list has a commitment on each line"))
        }
    }
}

/// The fault in the words of what was typed: the commitment, and not the leaf that it makes.
fn named(error: GroupError, leaves: &[Leaf], commitments: &[Commitment]) -> Failure {
    let GroupError::Duplicate { leaf, place } = error else {
        return error.into();
    };
    let mut pairs = leaves.iter().zip(commitments);
    let commitment = pairs.find(|(made, _)| **made == leaf);
    match commitment {
        Some((_, commitment)) => Failure::new(
            error.code(),
            format_args!("{commitment} is in the group already, as number {place}"),
        )
        .hint(error.hint()),
        None => error.into(),
    }
}

/// Writes the credential, unless a command that was killed did.
fn write(credential: &Credential, path: &str, force: bool) -> Result<(), Failure> {
    let found = std::fs::read_to_string(path).ok().map(Zeroizing::new);
    let found = found.and_then(|text| Credential::from_json(&text).ok());
    if path != "-" && found.as_ref() == Some(credential) {
        return Ok(());
    }
    let mut output = Output::create_secret(path, force)?;
    if let Err(error) = writeln!(output, "{}", credential.to_json().as_str()) {
        return Err(output.failure(Error::from(EnvelopeError::Write(error))));
    }
    Ok(output.commit()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_four_whole_numbers() {
        let most = format!("18,0, 7,{}", u64::MAX);
        assert_eq!(numbers(&most), Some([18, 0, 7, u64::MAX]));
        for text in [
            "",
            "18",
            "1,2,3",
            "1,2,3,4,5",
            "1,2,3,",
            "1,2,3,-4",
            "1,2,3,+4",
            "1,2,3,0x4",
            "1,2,3,18446744073709551616",
        ] {
            assert_eq!(numbers(text), None, "{text}");
        }
    }
}
