//! A function of bytes, its first inputs, its bounds.

/// What a decoder made of an input.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// It was decoded, and kept every promise.
    Accepted,
    /// It was refused, in these words.
    Refused(String),
}

impl Verdict {
    /// A refusal.
    pub fn refused(why: impl ToString) -> Self {
        Self::Refused(why.to_string())
    }
}

/// What an input looks like; decides how it is changed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// Bytes of fixed layout: points, words.
    Bytes,
    /// CBOR: heads, lengths, nesting.
    Cbor,
    /// Text with the tokens of JSON or TOML.
    Text,
}

/// One decoder under fuzz.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// What it is called on the command line.
    pub name: &'static str,
    /// What its inputs look like.
    pub kind: Kind,
    /// Longest input that is made.
    pub longest: usize,
    /// Bytes of memory that it may hold beyond those for the input.
    pub memory: usize,
    /// Bytes of memory that it may hold for each byte of the input.
    pub memory_per_byte: usize,
    /// How much dearer than the usual one execution is; short runs are so much shorter.
    pub cost: u64,
    /// Inputs to begin with; the first must be accepted.
    pub corpus: fn() -> Vec<Vec<u8>>,
    /// Decodes, and asserts what is promised.
    pub run: fn(&[u8]) -> Verdict,
}

impl Target {
    /// A target with the usual bounds.
    pub const fn new(
        name: &'static str,
        kind: Kind,
        corpus: fn() -> Vec<Vec<u8>>,
        run: fn(&[u8]) -> Verdict,
    ) -> Self {
        Self {
            name,
            kind,
            longest: 16 * 1024,
            memory: 64 * 1024,
            memory_per_byte: 64,
            cost: 1,
            corpus,
            run,
        }
    }

    /// The same for other lengths of input.
    pub const fn longest(self, longest: usize) -> Self {
        Self { longest, ..self }
    }

    /// The same with another bound on memory: so much, and so much for each byte.
    pub const fn memory(self, memory: usize, memory_per_byte: usize) -> Self {
        Self {
            memory,
            memory_per_byte,
            ..self
        }
    }

    /// The same, when an execution is so much dearer than the usual one.
    pub const fn cost(self, cost: u64) -> Self {
        Self { cost, ..self }
    }

    /// Most bytes that it may hold at once for an input of this length.
    pub const fn memory_bound(&self, length: usize) -> usize {
        self.memory + self.memory_per_byte * length
    }
}
