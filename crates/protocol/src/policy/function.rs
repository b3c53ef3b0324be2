//! Human-readable function declarations: `balanceOf(address owner) view returns (uint256)`.
//!
//! Names of parameters help to write a path and are then forgotten: the stored
//! form is the name and the types alone, `balanceOf(address)(uint256)`.

use alloy_dyn_abi::DynSolType;
use alloy_primitives::{FixedBytes, keccak256};

/// Most nested arrays and tuples in a type.
const MAX_TYPE_DEPTH: usize = 6;
/// Most words of the head of a function's inputs or outputs.
const MAX_HEAD_WORDS: usize = 256;

/// A function's name and types.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Function {
    name: String,
    inputs: Vec<DynSolType>,
    outputs: Vec<DynSolType>,
}

/// The names that a declaration gives to outputs and their components.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Names(Vec<(Option<String>, Names)>);

impl Names {
    /// Position of the component called `name`, and the names inside it.
    pub(super) fn find(&self, name: &str) -> Option<usize> {
        self.0
            .iter()
            .position(|(own, _)| own.as_deref() == Some(name))
    }

    /// Names inside the component at `position`.
    pub(super) fn inside(&self, position: usize) -> Option<&Self> {
        self.0.get(position).map(|(_, inside)| inside)
    }

    /// All names at this level.
    pub(super) fn all(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|(name, _)| name.as_deref())
    }
}

impl Function {
    /// The function's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Types of its inputs.
    #[must_use]
    pub fn inputs(&self) -> &[DynSolType] {
        &self.inputs
    }

    /// Types of its outputs; at least one.
    #[must_use]
    pub fn outputs(&self) -> &[DynSolType] {
        &self.outputs
    }

    /// The first four bytes of the signature's keccak-256.
    #[must_use]
    pub fn selector(&self) -> FixedBytes<4> {
        let hash = keccak256(format!("{}{}", self.name, list(&self.inputs)));
        FixedBytes::from_slice(hash.get(..4).unwrap_or_default())
    }

    /// The declaration as people write it, without parameter names.
    #[must_use]
    pub fn declaration(&self) -> String {
        format!(
            "{}{} view returns {}",
            self.name,
            list(&self.inputs),
            list(&self.outputs)
        )
    }

    /// The stored form: `name(inputs)(outputs)`.
    #[must_use]
    pub fn canonical(&self) -> String {
        format!("{}{}{}", self.name, list(&self.inputs), list(&self.outputs))
    }

    /// Reads a declaration as people write it.
    pub(super) fn from_declaration(text: &str) -> Result<(Self, Names), String> {
        let mut input = Input::new(text);
        input.word("function");
        let (function, names) = input.function(|input| {
            let mut reads = false;
            loop {
                if input.word("view") || input.word("pure") {
                    reads = true;
                } else if input.word("returns") {
                    break;
                } else if !(input.word("external") || input.word("public")) {
                    return Err(input.expected("`view returns (…)`"));
                }
            }
            if reads {
                Ok(())
            } else {
                Err("only functions declared `view` or `pure` can be a condition".to_owned())
            }
        })?;
        Ok((function, names))
    }

    /// Reads the stored form, and no other spelling of it.
    pub(super) fn from_canonical(text: &str) -> Result<Self, String> {
        let (function, _) = Input::new(text).function(|_| Ok(()))?;
        let canonical = function.canonical();
        if canonical != text {
            return Err(format!("stored as `{text}` instead of `{canonical}`"));
        }
        Ok(function)
    }
}

/// Types in parentheses, as in a signature.
fn list(types: &[DynSolType]) -> String {
    let types: Vec<String> = types.iter().map(type_name).collect();
    format!("({})", types.join(","))
}

/// The type's name in a signature.
pub(super) fn type_name(ty: &DynSolType) -> String {
    match ty {
        DynSolType::Tuple(types) => list(types),
        DynSolType::Array(of) => format!("{}[]", type_name(of)),
        DynSolType::FixedArray(of, size) => format!("{}[{size}]", type_name(of)),
        // alloy's own names, which differ for tuples of one component alone.
        simple => simple.sol_type_name().into_owned(),
    }
}

/// Words that a value of this type takes up in the head of its sequence.
pub(crate) fn head_words(ty: &DynSolType) -> usize {
    if ty.is_dynamic() {
        return 1;
    }
    match ty {
        DynSolType::Tuple(types) => types.iter().map(head_words).fold(0, usize::saturating_add),
        DynSolType::FixedArray(of, size) => head_words(of).saturating_mul(*size),
        _ => 1,
    }
}

struct Input<'a> {
    text: &'a str,
    rest: &'a str,
}

type Parameter = (DynSolType, (Option<String>, Names));

impl<'a> Input<'a> {
    const fn new(text: &'a str) -> Self {
        Self { text, rest: text }
    }

    fn function(
        mut self,
        between: impl FnOnce(&mut Self) -> Result<(), String>,
    ) -> Result<(Function, Names), String> {
        let name = self
            .identifier()
            .ok_or_else(|| self.expected("a function name"))?;
        let (inputs, _) = self.parameters(MAX_TYPE_DEPTH)?;
        between(&mut self)?;
        let (outputs, names) = self.parameters(MAX_TYPE_DEPTH)?;
        self.symbol(";");
        if !self.rest.trim_start().is_empty() {
            return Err(self.expected("the end"));
        }
        if outputs.is_empty() {
            return Err("a function without outputs cannot be a condition".to_owned());
        }
        for types in [&inputs, &outputs] {
            let words = types.iter().map(head_words).fold(0, usize::saturating_add);
            if words > MAX_HEAD_WORDS {
                return Err(format!(
                    "the parameters take up {words} words, at most {MAX_HEAD_WORDS} are allowed"
                ));
            }
        }
        let function = Function {
            name: name.to_owned(),
            inputs,
            outputs,
        };
        Ok((function, names))
    }

    fn parameters(&mut self, depth: usize) -> Result<(Vec<DynSolType>, Names), String> {
        if !self.symbol("(") {
            return Err(self.expected("`(`"));
        }
        let (mut types, mut names) = (Vec::new(), Names::default());
        if self.symbol(")") {
            return Ok((types, names));
        }
        loop {
            let (ty, name) = self.parameter(depth)?;
            types.push(ty);
            names.0.push(name);
            if self.symbol(")") {
                return Ok((types, names));
            }
            if !self.symbol(",") {
                return Err(self.expected("`,` or `)`"));
            }
        }
    }

    fn parameter(&mut self, depth: usize) -> Result<Parameter, String> {
        let depth = depth
            .checked_sub(1)
            .ok_or_else(|| format!("types are nested more than {MAX_TYPE_DEPTH} deep"))?;
        let (mut ty, inside) = self.base_type(depth)?;
        let mut nesting = depth;
        while self.symbol("[") {
            nesting = nesting
                .checked_sub(1)
                .ok_or_else(|| format!("types are nested more than {MAX_TYPE_DEPTH} deep"))?;
            let digits = self.take_while(|c| c.is_ascii_digit());
            if !self.symbol("]") {
                return Err(self.expected("`]`"));
            }
            ty = if digits.is_empty() {
                DynSolType::Array(Box::new(ty))
            } else {
                match digits.parse() {
                    Ok(size @ 1..=MAX_HEAD_WORDS) => DynSolType::FixedArray(Box::new(ty), size),
                    _ => {
                        return Err(format!(
                            "an array of {digits} elements; 1 to {MAX_HEAD_WORDS} are allowed"
                        ));
                    }
                }
            };
        }
        for storage in ["memory", "calldata"] {
            self.word(storage);
        }
        let name = self.identifier().map(str::to_owned);
        // Elements of an array are numbered; the names are those of its elements' components.
        Ok((ty, (name, inside)))
    }

    fn base_type(&mut self, depth: usize) -> Result<(DynSolType, Names), String> {
        if self.rest.trim_start().starts_with("tuple") {
            self.word("tuple");
        }
        if self.rest.trim_start().starts_with('(') {
            let (types, names) = self.parameters(depth)?;
            if types.is_empty() {
                return Err("a tuple needs a component".to_owned());
            }
            return Ok((DynSolType::Tuple(types), names));
        }
        let name = self.identifier().ok_or_else(|| self.expected("a type"))?;
        let ty = match name {
            "uint" => DynSolType::Uint(256),
            "int" => DynSolType::Int(256),
            "function" => return Err("function types are not supported".to_owned()),
            _ => match DynSolType::parse(name) {
                Ok(
                    ty @ (DynSolType::Address
                    | DynSolType::Bool
                    | DynSolType::Bytes
                    | DynSolType::String
                    | DynSolType::FixedBytes(_)
                    | DynSolType::Uint(_)
                    | DynSolType::Int(_)),
                ) => ty,
                _ => {
                    return Err(format!(
                        "unknown type `{name}`; write a contract as address, an enum as uint8, a struct as its components in parentheses"
                    ));
                }
            },
        };
        Ok((ty, Names::default()))
    }

    fn identifier(&mut self) -> Option<&'a str> {
        let rest = self.rest.trim_start();
        if !rest.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '$')) {
            return None;
        }
        self.rest = rest;
        Some(self.take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '$')))
    }

    /// Takes `word` if it comes next, as a whole word.
    fn word(&mut self, word: &str) -> bool {
        let before = self.rest;
        if self.identifier() == Some(word) {
            return true;
        }
        self.rest = before;
        false
    }

    fn symbol(&mut self, symbol: &str) -> bool {
        match self.rest.trim_start().strip_prefix(symbol) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn take_while(&mut self, keep: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|c| !keep(c)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    fn expected(&self, what: &str) -> String {
        let rest = self.rest.trim_start();
        let at = self.text.len() - rest.len();
        match rest.chars().next() {
            Some(found) => {
                let at = self
                    .text
                    .get(..at)
                    .map_or(0, |before| before.chars().count())
                    + 1;
                format!("expected {what} at character {at}, found `{found}`")
            }
            None => format!("expected {what} at the end"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declaration_becomes_one_canonical_form() {
        for text in [
            "balanceOf(address) view returns (uint256)",
            "function balanceOf(address owner) external view returns (uint balance);",
            "  balanceOf ( address )pure  returns( uint256 )  ",
            "balanceOf(address)public view returns(uint256)",
        ] {
            let (function, _) = Function::from_declaration(text).unwrap();
            assert_eq!(function.canonical(), "balanceOf(address)(uint256)");
            assert_eq!(
                function.declaration(),
                "balanceOf(address) view returns (uint256)"
            );
            assert_eq!(function.selector().0, [0x70, 0xa0, 0x82, 0x31]);
            assert_eq!(
                Function::from_canonical(&function.canonical()),
                Ok(function)
            );
        }
    }

    #[test]
    fn nested_tuples_and_arrays_keep_their_names_for_paths() {
        let (function, names) = Function::from_declaration(
            "rail(uint256 id) view returns (tuple(address to, (uint256 amount, bytes32[2] tags)[] parts)[] memory rails, bool ok)",
        )
        .unwrap();
        assert_eq!(
            function.canonical(),
            "rail(uint256)((address,(uint256,bytes32[2])[])[],bool)"
        );
        assert_eq!(names.find("rails"), Some(0));
        assert_eq!(names.find("ok"), Some(1));
        let rail = names.inside(0).unwrap();
        assert_eq!(rail.find("parts"), Some(1));
        assert_eq!(rail.inside(1).unwrap().find("amount"), Some(0));
        assert_eq!(
            Function::from_canonical(&function.canonical()),
            Ok(function)
        );
    }

    #[test]
    fn selector_of_a_lone_tuple_has_no_trailing_comma() {
        let (function, _) =
            Function::from_declaration("f((uint256)) view returns ((bool)[3])").unwrap();
        assert_eq!(function.canonical(), "f((uint256))((bool)[3])");
        assert_eq!(
            function.selector().as_slice(),
            &keccak256("f((uint256))")[..4]
        );
    }

    #[test]
    fn declaration_is_refused_with_the_place_and_the_remedy() {
        for (text, part) in [
            ("", "expected a function name at the end"),
            ("f", "expected `(` at the end"),
            ("f(", "expected a type at the end"),
            ("f(uint256", "expected `,` or `)` at the end"),
            ("f(uint256) returns (bool)", "declared `view` or `pure`"),
            (
                "f(uint256) payable returns (bool)",
                "expected `view returns",
            ),
            ("f(uint256) view", "expected `view returns (…)` at the end"),
            ("f() view returns ()", "without outputs"),
            ("f(IERC20) view returns (bool)", "unknown type `IERC20`"),
            ("f(uint7) view returns (bool)", "unknown type `uint7`"),
            ("f(bytes33) view returns (bool)", "unknown type `bytes33`"),
            ("f(function) view returns (bool)", "function types"),
            ("f(()) view returns (bool)", "needs a component"),
            ("f(bool[0]) view returns (bool)", "array of 0 elements"),
            ("f(bool[999]) view returns (bool)", "array of 999 elements"),
            ("f(bool[200][200]) view returns (bool)", "40000 words"),
            (
                "f(bool[][][][][][]) view returns (bool)",
                "more than 6 deep",
            ),
            (
                "f(((((((bool))))))) view returns (bool)",
                "more than 6 deep",
            ),
            (
                "f() view returns (bool) x",
                "expected the end at character 25",
            ),
        ] {
            let error = Function::from_declaration(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn stored_form_has_one_spelling() {
        for text in [
            "f(uint)(bool)",
            "f(uint256 a)(bool)",
            "f(uint256)(bool) ",
            "f(tuple(uint256))(bool)",
            "f(uint256) view returns (bool)",
            "f(uint256[01])(bool)",
        ] {
            assert!(Function::from_canonical(text).is_err(), "{text}");
        }
    }
}
