//! A group's bytes, and what names a member.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};
use stheno_circuits::{
    Commitment, Depth, DepthError, FieldError, Group, GroupError as Refused, Leaf, TreeError,
};

use super::GroupError;

/// Most bytes of a file that are read: some fifteen million members.
pub(super) const MAX_BYTES: u64 = 1 << 30;

/// How the texts of secret keys begin.
const SECRET: &str = "STHENO-";

/// SHA-256 over a group's file: what a change of the root says of where its members are found.
pub type GroupDigest = [u8; 32];

/// The file of a group: `{"depth":20,"leaves":["0x…",null,…]}`, with null where one was removed.
///
/// It is not secret, and shows no attribute and no commitment. Members need it to prove, so it is
/// published; who knows a member's commitment finds the leaf of a plain set in it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    depth: u64,
    leaves: Vec<Option<Leaf>>,
}

/// Reads a group's file, strictly, and hashes its tree.
///
/// # Errors
/// [`GroupError`], each fault with its own.
pub fn group_from_bytes(bytes: &[u8]) -> Result<Group, GroupError> {
    if bytes.len() as u64 > MAX_BYTES {
        return Err(GroupError::TooLarge { limit: MAX_BYTES });
    }
    let stored: Stored = object(bytes).map_err(|why| GroupError::NotAGroup { why })?;
    let depth = depth_of(stored.depth)?;
    group_of(depth, &stored.leaves)
}

/// A group's file: one line, the same for the same group.
#[must_use]
pub fn group_to_bytes(group: &Group) -> Vec<u8> {
    let stored = Stored {
        depth: group.tree().depth().levels().into(),
        leaves: group.tree().leaves().collect(),
    };
    // Numbers, strings and lists always serialise.
    let mut bytes = serde_json::to_vec(&stored).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

/// What a change of the root calls the file by.
#[must_use]
pub fn group_digest(bytes: &[u8]) -> GroupDigest {
    Sha256::digest(bytes).into()
}

/// Whether a file with this digest was the group's once, and the group only got members since. The
/// file of a group without a place was everybody's, and tells nothing.
#[cfg(all(feature = "chain", feature = "wallet"))]
pub(super) fn was_file_of(group: &Group, digest: &stheno_protocol::B256) -> bool {
    let depth = group.tree().depth().levels();
    let mut hash = Sha256::new_with_prefix(format!("{{\"depth\":{depth},\"leaves\":["));
    (0u64..).zip(group.tree().leaves()).any(|(place, leaf)| {
        if place > 0 {
            hash.update(",");
        }
        match leaf {
            Some(leaf) => hash.update(format!("\"{leaf}\"")),
            None => hash.update("null"),
        }
        let file = hash.clone().chain_update("]}\n").finalize();
        file.as_slice() == digest.as_slice()
    })
}

/// A depth as it is typed or read.
///
/// # Errors
/// [`GroupError::Depth`].
pub fn depth_of(depth: u64) -> Result<Depth, GroupError> {
    let narrow = u8::try_from(depth).map_err(|_| DepthError(depth))?;
    Ok(Depth::new(narrow)?)
}

/// Reads a commitment: `0x` and 64 hexadecimal digits of a number below the field's order, not 0, and
/// not of the secret 0.
///
/// # Errors
/// [`GroupError::NotACommitment`].
pub fn commitment_of(text: &str) -> Result<Commitment, GroupError> {
    if text.to_ascii_uppercase().contains(SECRET) {
        return Err(GroupError::SecretForCommitment);
    }
    let not = |why: &str| GroupError::NotACommitment {
        text: shortened(text),
        why: why.to_owned(),
    };
    let commitment: Commitment = text
        .parse()
        .map_err(|error: FieldError| not(&error.to_string()))?;
    if commitment.to_bytes() == [0; 32] {
        return Err(not("it is zero"));
    }
    match commitment.is_of_zero() {
        true => Err(not(
            "it is that of the secret 0, with which everybody could prove",
        )),
        false => Ok(commitment),
    }
}

/// Reads a JSON object. Fields in a list, without their names, would be another spelling of it.
pub(super) fn object<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    match bytes.trim_ascii_start().first() {
        None | Some(b'{') => serde_json::from_slice(bytes).map_err(|error| error.to_string()),
        Some(_) => Err("expected a JSON object".to_owned()),
    }
}

/// A group of these leaves.
pub(super) fn group_of(depth: Depth, leaves: &[Option<Leaf>]) -> Result<Group, GroupError> {
    let group = Group::from_leaves(depth, leaves.iter().copied());
    group.map_err(|error| refused(error, leaves))
}

/// What the tree has against a leaf, in words of the file's.
fn refused(error: Refused, leaves: &[Option<Leaf>]) -> GroupError {
    match error {
        Refused::Duplicate { index } => {
            let at = usize::try_from(index).ok().and_then(|at| leaves.get(at));
            match at.copied().flatten() {
                Some(leaf) => GroupError::Duplicate { leaf, place: index },
                None => not_a_group(&error),
            }
        }
        Refused::Tree(TreeError::Full { capacity }) => GroupError::Full { capacity },
        Refused::Tree(TreeError::EmptyLeaf) => {
            let empty = |leaf: &Option<Leaf>| leaf.is_some_and(|leaf| leaf.to_bytes() == [0; 32]);
            let place = leaves.iter().position(empty).unwrap_or_default() as u64;
            GroupError::EmptyLeaf { place }
        }
        Refused::Depth(error) => error.into(),
        other => not_a_group(&other),
    }
}

fn not_a_group(error: &Refused) -> GroupError {
    GroupError::NotAGroup {
        why: error.to_string(),
    }
}

/// What somebody typed, as far as it tells which of several it was, and no more: it may be a secret.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(10) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None if text.is_empty() => "an empty text".to_owned(),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf(number: u8) -> Leaf {
        let mut bytes = [0; 32];
        bytes[31] = number;
        Leaf::from_bytes(&bytes).unwrap()
    }

    #[test]
    fn file_is_the_one_that_the_circuits_read() {
        let leaves = [Some(leaf(1)), None, Some(leaf(3))];
        let group = group_of(Depth::D20, &leaves).unwrap();
        let bytes = group_to_bytes(&group);
        assert!(bytes.starts_with(b"{\"depth\":20,\"leaves\":[\"0x") && bytes.ends_with(b"]}\n"));
        let theirs: Group = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(theirs.root(), group.root());
        let again = group_from_bytes(&bytes).unwrap();
        assert_eq!((again.root(), again.members()), (group.root(), 2));
        assert_eq!(group_to_bytes(&again), bytes);
        assert_ne!(group_digest(&bytes), group_digest(&bytes[1..]));
    }

    #[cfg(all(feature = "chain", feature = "wallet"))]
    #[test]
    fn file_that_was_the_groups_once_is_known_by_its_digest() {
        let leaves = [Some(leaf(1)), None, Some(leaf(3)), None];
        let group = group_of(Depth::D20, &leaves).unwrap();
        let knows = |leaves: &[Option<Leaf>]| {
            let bytes = group_to_bytes(&group_of(Depth::D20, leaves).unwrap());
            was_file_of(&group, &group_digest(&bytes).into())
        };
        for places in 1..=leaves.len() {
            assert!(knows(&leaves[..places]), "{places}");
        }
        assert!(!knows(&[]));
        assert!(!knows(&[Some(leaf(1)), None, None]));
        assert!(!knows(&[Some(leaf(1)), None, Some(leaf(3)), None, None]));
    }

    #[test]
    fn each_fault_of_a_file_has_its_code() {
        let (one, zero) = (leaf(1), leaf(0));
        let order = format!("0x{}", "f".repeat(64));
        for (text, code, why) in [
            (String::new(), "bad_group", "EOF"),
            ("[]".to_owned(), "bad_group", "JSON object"),
            ("[20,[]]".to_owned(), "bad_group", "JSON object"),
            ("{\"depth\":20}".to_owned(), "bad_group", "leaves"),
            (
                "{\"depth\":20,\"leaves\":[],\"name\":\"x\"}".to_owned(),
                "bad_group",
                "unknown field `name`",
            ),
            (
                "{\"depth\":20,\"depth\":20,\"leaves\":[]}".to_owned(),
                "bad_group",
                "duplicate field",
            ),
            (
                "{\"depth\":20,\"leaves\":[]}x".to_owned(),
                "bad_group",
                "trailing",
            ),
            ("{\"depth\":-1,\"leaves\":[]}".to_owned(), "bad_group", "-1"),
            (
                "{\"depth\":0,\"leaves\":[]}".to_owned(),
                "group_depth",
                "depth 0",
            ),
            (
                "{\"depth\":33,\"leaves\":[]}".to_owned(),
                "group_depth",
                "depth 33",
            ),
            (
                "{\"depth\":276,\"leaves\":[]}".to_owned(),
                "group_depth",
                "depth 276",
            ),
            (
                format!("{{\"depth\":20,\"leaves\":[\"{one}\",null,\"{one}\"]}}"),
                "group_duplicate",
                "number 0",
            ),
            (
                format!("{{\"depth\":20,\"leaves\":[\"{one}\",\"{zero}\"]}}"),
                "bad_group",
                "leaf 1 is",
            ),
            (
                format!("{{\"depth\":20,\"leaves\":[\"{order}\"]}}"),
                "bad_group",
                "order",
            ),
            (
                format!("{{\"depth\":1,\"leaves\":[\"{one}\",null,null]}}"),
                "group_full",
                "2 places",
            ),
        ] {
            let error = group_from_bytes(text.as_bytes()).unwrap_err();
            assert_eq!(error.code(), code, "{text}");
            assert!(error.to_string().contains(why), "{text}: {error}");
        }
    }

    #[test]
    fn commitment_has_one_spelling_and_is_not_zero() {
        let good = format!("0x{}", "1a".repeat(32));
        assert_eq!(commitment_of(&good).unwrap().to_string(), good);
        for (text, why) in [
            (String::new(), "64 hexadecimal"),
            (good[2..].to_owned(), "64 hexadecimal"),
            (good[..65].to_owned(), "64 hexadecimal"),
            (format!("{good}00"), "64 hexadecimal"),
            (format!("0x{}", "zz".repeat(32)), "64 hexadecimal"),
            (format!("0x{}", "ff".repeat(32)), "order"),
            (format!("0x{}", "00".repeat(32)), "zero"),
        ] {
            let error = commitment_of(&text).unwrap_err();
            assert_eq!(error.code(), "not_a_commitment");
            assert!(error.to_string().contains(why), "{text}: {error}");
        }
        let long = commitment_of(&"é".repeat(1000)).unwrap_err().to_string();
        assert!(long.len() < 100, "{long}");
    }

    #[test]
    fn key_that_is_given_for_a_commitment_is_not_repeated() {
        let text = crate::group::MemberKey::random().unwrap().expose_text();
        let digits = &text[text.len() - 64..];
        for given in [
            text.to_string(),
            text.to_lowercase(),
            format!("ann: {}", *text),
        ] {
            let error = commitment_of(&given).unwrap_err();
            assert_eq!(error, GroupError::SecretForCommitment);
            assert!(error.hint().contains("stheno member commitment"));
        }
        // Its digits alone could be anything.
        let error = commitment_of(digits).unwrap_err().to_string();
        assert!(!error.contains(&digits[..12]), "{error}");
    }
}
