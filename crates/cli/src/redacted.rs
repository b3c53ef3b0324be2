//! Secret keys in what is told: whoever mistakes one for something else does not read it in an error.

use std::borrow::Cow;

/// How the text of every secret key begins, with the key's kind between the two.
const BEGIN: &str = "STHENO-";
const END: &str = "-KEY-1";

/// The text, with what follows after the beginning of a secret key left out.
#[must_use]
pub fn redacted(text: &str) -> Cow<'_, str> {
    let (mut rest, mut told) = (text, String::new());
    while let Some((before, key)) = next_key(rest) {
        told.push_str(before);
        let end = key.find(|c: char| !(c.is_ascii_alphanumeric() || ":-_+/=".contains(c)));
        let (key, after) = key.split_at(end.unwrap_or(key.len()));
        if !key.is_empty() {
            told.push_str("<redacted>");
        }
        rest = after;
    }
    match told.is_empty() {
        true => Cow::Borrowed(text),
        false => Cow::Owned(told + rest),
    }
}

/// What stands up to the next key's beginning, that included, and what stands behind it.
fn next_key(text: &str) -> Option<(&str, &str)> {
    let starts = |at: usize, with: &str| {
        let found = text.as_bytes().get(at..at + with.len());
        found.is_some_and(|found| found.eq_ignore_ascii_case(with.as_bytes()))
    };
    (0..text.len()).find_map(|at| {
        let kind = at + BEGIN.len();
        let letters = |text: &str| {
            let other = text.find(|c: char| !c.is_ascii_alphabetic());
            other.unwrap_or(text.len())
        };
        let end = starts(at, BEGIN).then(|| text.get(kind..).map(letters))??;
        starts(kind + end, END).then(|| text.split_at_checked(kind + end + END.len()))?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_left_out_wherever_they_stand_and_however_they_are_written() {
        let digits = "1b".repeat(32);
        for (text, told) in [
            (
                format!("é STHENO-MEMBER-KEY-1:{digits} is none"),
                "é STHENO-MEMBER-KEY-1<redacted> is none",
            ),
            (
                format!("'stheno-asking-key-1:p256:{digits}', STHENO-SECRET-KEY-1{digits}"),
                "'stheno-asking-key-1<redacted>', STHENO-SECRET-KEY-1<redacted>",
            ),
            (
                format!("{{\"error\":\"xStHeNo-member-KEY-1:{digits}\\n\"}}"),
                "{\"error\":\"xStHeNo-member-KEY-1<redacted>\\n\"}",
            ),
        ] {
            assert_eq!(redacted(&text), told);
        }
    }

    #[test]
    fn other_text_stays() {
        for text in [
            "",
            "STHENO-",
            "STHENO-MEMBER-KEY",
            "it does not begin with STHENO-MEMBER-KEY-1",
            "its format is not stheno-group-published/2",
            "ünïcode STHENO-é-KEY-1",
        ] {
            assert_eq!(redacted(text), text);
        }
    }
}
