//! Paths that lead nowhere else, on any system.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// The longest name, in bytes: what file systems take.
pub(super) const MAX_NAME_BYTES: usize = 255;
/// The longest path, in bytes.
const MAX_PATH_BYTES: usize = 4096;
/// The most names of a path.
const MAX_NAMES: usize = 128;

/// The path of a file below the folder that holds it: names with `/` between
/// them. UTF-8 of every script, and never absolute, never upwards, nothing that a
/// terminal or another system could take for more than a name.
///
/// Not every such path can be a file everywhere: see
/// [`Extraction`](super::Extraction). Paths are ordered name by name, each by its bytes.
#[derive(Clone, Debug, Eq, PartialEq, Hash)]
pub struct SafePath(String);

/// Why a text is no safe path.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{path:?} is no safe path: {problem}")]
pub struct PathError {
    /// The text.
    pub path: String,
    /// What is wrong with it.
    pub problem: &'static str,
}

impl SafePath {
    /// Checks a path.
    ///
    /// # Errors
    /// [`PathError`]: a name that is empty, `.` or `..`, has more than 255 bytes, or
    /// has a control character or `\` in it; more than 128 names, or 4096 bytes.
    pub fn new(path: impl Into<String>) -> Result<Self, PathError> {
        let path = path.into();
        match problem(&path) {
            None => Ok(Self(path)),
            Some(problem) => Err(PathError { path, problem }),
        }
    }

    /// The path of these names, none of which may have a `/` in it.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn of_names<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, PathError> {
        let names: Vec<&str> = names.into_iter().collect();
        match names.iter().find(|name| name.contains('/')) {
            Some(name) => Err(PathError {
                path: (*name).to_owned(),
                problem: "`/` stands between names, not in them",
            }),
            None => Self::new(names.join("/")),
        }
    }

    /// The names, from the outermost folder to the file.
    pub fn names(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.split('/')
    }

    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is a folder on the way to the other.
    pub fn contains(&self, other: &Self) -> bool {
        other
            .0
            .strip_prefix(&self.0)
            .is_some_and(|rest| rest.starts_with('/'))
    }
}

fn problem(path: &str) -> Option<&'static str> {
    if path.len() > MAX_PATH_BYTES {
        return Some("it has more than 4096 bytes");
    }
    if path.split('/').count() > MAX_NAMES {
        return Some("it has more than 128 names");
    }
    path.split('/').find_map(|name| match name {
        "" => Some("a name in it is empty"),
        "." | ".." => Some("a name in it means another folder"),
        _ if name.len() > MAX_NAME_BYTES => Some("a name in it has more than 255 bytes"),
        _ if name.contains('\\') => Some("`\\` in a name is a folder elsewhere"),
        _ if name.contains(char::is_control) => Some("a control character stands in it"),
        _ => None,
    })
}

impl Ord for SafePath {
    fn cmp(&self, other: &Self) -> Ordering {
        self.names().cmp(other.names())
    }
}

impl PartialOrd for SafePath {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for SafePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for SafePath {
    type Err = PathError;

    fn from_str(path: &str) -> Result<Self, PathError> {
        Self::new(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_is_refused_when_it_leads_elsewhere_or_is_more_than_a_name() {
        let long = "x".repeat(256);
        let deep = vec!["d"; 129].join("/");
        let far = vec!["x".repeat(250); 17].join("/");
        for bad in [
            "",
            "/",
            "/etc/passwd",
            "a/",
            "a//b",
            ".",
            "..",
            "../a",
            "a/../b",
            "a/./b",
            "a/..",
            "a\\b",
            "..\\a",
            "C:\\a",
            "a\0b",
            "a\nb",
            "a\x1b[31m",
            "a\x7f",
            "a\u{85}b",
            &long,
            &deep,
            &far,
        ] {
            assert!(SafePath::new(bad).is_err(), "{bad:?}");
        }
        assert!(SafePath::of_names(["a/b"]).is_err());
        assert!(SafePath::of_names([]).is_err());
        assert_eq!(
            SafePath::new("a/../b").unwrap_err().to_string(),
            "\"a/../b\" is no safe path: a name in it means another folder"
        );
    }

    #[test]
    fn path_takes_names_of_every_script_and_what_other_systems_refuse() {
        for good in [
            "a",
            "...",
            ".hidden",
            "a b/c",
            "Μέδουσα/日本語/العربية/עברית",
            "e\u{301}",
            "🐍",
            "CON",
            "a.",
            "a ",
            "10:30.log",
            "what?",
            "-rf",
            "~",
            &"x".repeat(255),
        ] {
            assert_eq!(SafePath::new(good).unwrap().as_str(), good);
        }
        assert_eq!(SafePath::of_names(["a", "b"]).unwrap().as_str(), "a/b");
    }

    #[test]
    fn paths_are_ordered_name_by_name() {
        let sorted = ["a", "a/b", "a/b/c", "a/z", "a-b", "a.b", "b"]
            .map(|path| SafePath::new(path).unwrap());
        assert!(sorted.is_sorted());
        assert!(sorted[0].contains(&sorted[1]));
        assert!(!sorted[0].contains(&sorted[4]) && !sorted[0].contains(&sorted[0]));
    }
}
