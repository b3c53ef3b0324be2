//! How an input is changed: bytes, CBOR heads, JSON tokens.

use crate::Kind;

/// Splitmix64: small, seeded, and good enough to choose what to break.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// Equal seeds, equal throws.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Any number.
    pub const fn throw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `limit`; 0 where that is 0.
    pub fn below(&mut self, limit: usize) -> usize {
        let limit = u64::try_from(limit).unwrap_or(u64::MAX);
        let drawn = self.throw().checked_rem(limit).unwrap_or(0);
        usize::try_from(drawn).unwrap_or(0)
    }

    /// One of these.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        from.get(self.below(from.len()))
    }

    /// Small numbers often, large ones seldom.
    fn run(&mut self, most: usize) -> usize {
        let bits = self.below(12);
        1 + self.below(1 << bits).min(most)
    }

    fn span(&mut self, length: usize) -> std::ops::Range<usize> {
        let start = self.below(length + 1);
        let end = start + self.run(64).min(length - start);
        start..end
    }
}

/// Heads of CBOR items: what a parser chokes on, length bombs among them.
const CBOR: &[&[u8]] = &[
    &[0x00],
    &[0x17],
    &[0x18, 0x17],
    &[0x18, 0xff],
    &[0x19, 0x00, 0x01],
    &[0x1a, 0x00, 0x00, 0xff, 0xff],
    &[0x1b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
    &[0x1b, 0x80, 0, 0, 0, 0, 0, 0, 0],
    &[0x20],
    &[0x3b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
    &[0x40],
    &[0x58, 0x20],
    &[0x5a, 0x7f, 0xff, 0xff, 0xff],
    &[0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
    &[0x5b, 0, 0, 0, 1, 0, 0, 0, 0],
    &[0x5f],
    &[0x60],
    &[0x61, 0xff],
    &[0x7a, 0x00, 0x10, 0x00, 0x00],
    &[0x7f],
    &[0x80],
    &[0x81],
    &[0x9a, 0x00, 0xff, 0xff, 0xff],
    &[0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
    &[0x9f],
    &[0xa0],
    &[0xa1],
    &[0xba, 0x00, 0xff, 0xff, 0xff],
    &[0xbb, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
    &[0xbf],
    &[0xc2, 0x49, 1, 0, 0, 0, 0, 0, 0, 0, 0],
    &[0xc2, 0x41, 0x01],
    &[0xc3, 0x40],
    &[0xd8, 0x60],
    &[0xd0, 0x83],
    &[0xf4],
    &[0xf6],
    &[0xf7],
    &[0xf8, 0x20],
    &[0xf9, 0x7e, 0x00],
    &[0xfb, 0x7f, 0xf0, 0, 0, 0, 0, 0, 0],
    &[0xff],
];

/// Numbers at the edges of fields.
const EDGES: &[u64] = &[
    0,
    1,
    2,
    0x1f,
    0x20,
    0x21,
    0x40,
    0x7f,
    0x80,
    0xff,
    0x100,
    0x7fff,
    0xffff,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    0x1_0000_0000,
    0x7fff_ffff_ffff_ffff,
    0x8000_0000_0000_0000,
    0xffff_ffff_ffff_ffe0,
    u64::MAX,
];

/// Tokens of JSON that a reader may take for another one, or choke on.
const TOKENS: &[&str] = &[
    "null",
    "true",
    "false",
    "0",
    "-0",
    "-1",
    "1",
    "1.0",
    "1e0",
    "1e400",
    "-1e-400",
    "255",
    "256",
    "65536",
    "4294967296",
    "9007199254740993",
    "18446744073709551615",
    "18446744073709551616",
    "115792089237316195423570985008687907853269984665640564039457584007913129639935",
    "115792089237316195423570985008687907853269984665640564039457584007913129639936",
    "-57896044618658097711785492504343953926634992332820282019728792003956564819968",
    "\"\"",
    "\"0x\"",
    "\"0x0\"",
    "\"0X00\"",
    "\"0xzz\"",
    "\"\\u0000\"",
    "\"\\ud800\"",
    "\"\u{feff}\u{202e}é\"",
    "\":reader\"",
    "\":item\"",
    "\":a\"",
    "\"version\"",
    "[]",
    "{}",
    "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
    "{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":",
    "{\"not\":{\"not\":{\"not\":{\"not\":",
    "uint256",
    "\"uint257\"",
    "\"f((((uint8))))\"",
    "\"f(uint8[99999999999])\"",
    "\"f(uint8[][][][][][][][][][][][][][][])\"",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\n",
    "\u{0}",
    "//",
];

/// Makes an input from those that are known.
pub fn mutate(dice: &mut Dice, kind: Kind, known: &[Vec<u8>], longest: usize) -> Vec<u8> {
    let mut input = dice.pick(known).cloned().unwrap_or_default();
    // Mostly one change, so that what is nearly right stays nearly right.
    let changes = 1 + dice.throw().trailing_zeros() as usize;
    for _ in 0..changes.min(8) {
        let special = dice.below(2) == 0;
        match kind {
            Kind::Text if special => change_tokens(dice, &mut input, known),
            Kind::Cbor if special => change_heads(dice, &mut input),
            _ => change_bytes(dice, &mut input, known),
        }
    }
    input.truncate(longest);
    input
}

fn change_bytes(dice: &mut Dice, input: &mut Vec<u8>, known: &[Vec<u8>]) {
    let length = input.len();
    match dice.below(11) {
        0 => {
            let bit = dice.below(8);
            if let Some(byte) = at(dice, input) {
                *byte ^= 1 << bit;
            }
        }
        1 => {
            let value = dice.throw() as u8;
            if let Some(byte) = at(dice, input) {
                *byte = value;
            }
        }
        2 => {
            let step = dice.pick(&[1, 2, 16, 255, 254]).copied().unwrap_or(1);
            if let Some(byte) = at(dice, input) {
                *byte = byte.wrapping_add(step);
            }
        }
        3 => {
            let more: Vec<u8> = (0..dice.run(16)).map(|_| dice.throw() as u8).collect();
            let to = dice.below(length + 1);
            input.splice(to..to, more);
        }
        4 => {
            let gone = dice.span(length);
            input.drain(gone);
        }
        5 => {
            let again = dice.span(length);
            let piece = input.get(again).unwrap_or_default().to_vec();
            let to = dice.below(length + 1);
            input.splice(to..to, piece);
        }
        6 => {
            // The same again and again: nesting, and lists beyond their limit.
            let again = dice.span(length);
            let times = dice.run(600);
            let piece = input.get(again.clone()).unwrap_or_default().repeat(times);
            input.splice(again.end..again.end, piece);
        }
        7 => input.truncate(dice.below(length + 1)),
        8 => {
            // The beginning of one, the end of another.
            let keep = dice.below(length + 1);
            input.truncate(keep);
            if let Some(other) = dice.pick(known) {
                let from = match dice.below(2) {
                    0 => keep.min(other.len()),
                    _ => dice.below(other.len() + 1),
                };
                input.extend_from_slice(other.get(from..).unwrap_or_default());
            }
        }
        9 => {
            let value = dice.pick(EDGES).copied().unwrap_or_default();
            let value = match dice.below(3) {
                0 => (length as u64).wrapping_add(dice.below(3) as u64),
                _ => value,
            };
            let width = dice.pick(&[1, 2, 4, 8, 32]).copied().unwrap_or(1);
            let mut bytes = vec![0; 32_usize.saturating_sub(8)];
            bytes.extend_from_slice(&value.to_be_bytes());
            let field = bytes.split_off(32 - width);
            let aligned = dice.below(2) == 0;
            let mut start = dice.below(length + 1);
            if aligned {
                start -= start % width;
            }
            let end = (start + width).min(length);
            input.splice(start..end, field);
        }
        _ => {
            let piece = dice.span(length);
            let piece: Vec<u8> = input.drain(piece).collect();
            let to = dice.below(input.len() + 1);
            input.splice(to..to, piece);
        }
    }
}

fn change_heads(dice: &mut Dice, input: &mut Vec<u8>) {
    let head = dice.pick(CBOR).copied().unwrap_or_default();
    let to = dice.below(input.len() + 1);
    match dice.below(3) {
        0 => {
            input.splice(to..to, head.iter().copied());
        }
        1 => {
            let end = (to + head.len()).min(input.len());
            input.splice(to..end, head.iter().copied());
        }
        _ => {
            // A head in place of one byte, so that what follows keeps its place.
            let end = (to + 1).min(input.len());
            input.splice(to..end, head.iter().copied());
        }
    }
}

fn change_tokens(dice: &mut Dice, input: &mut Vec<u8>, known: &[Vec<u8>]) {
    let tokens = tokens(input);
    let Some(token) = dice.pick(&tokens).cloned() else {
        input.extend_from_slice(b"{}");
        return;
    };
    let other = |dice: &mut Dice| -> Vec<u8> {
        let from = dice.pick(known).map(Vec::as_slice).unwrap_or_default();
        let found = self::tokens(from);
        let range = dice.pick(&found).cloned().unwrap_or(0..0);
        from.get(range).unwrap_or_default().to_vec()
    };
    match dice.below(6) {
        0 | 1 => {
            let new = dice.pick(TOKENS).copied().unwrap_or_default();
            input.splice(token, new.bytes());
        }
        2 => {
            let new = other(dice);
            input.splice(token, new);
        }
        3 => {
            input.drain(token);
        }
        4 => {
            // A member or an element once more, with the comma before it.
            let start = dice.below(tokens.len());
            let end = (start + dice.run(8)).min(tokens.len() - 1);
            let from = tokens.get(start).map_or(0, |token| token.start);
            let to = tokens.get(end).map_or(from, |token| token.end);
            let again = input.get(from..to.max(from)).unwrap_or_default().to_vec();
            input.splice(token.start..token.start, again);
        }
        _ => {
            // One character of a string or number.
            let value = *dice
                .pick(b"0123456789abcdefxX-+.eE\"\\ ,:[]{}()")
                .unwrap_or(&b'0');
            let place = token.start + dice.below(token.len());
            if let Some(byte) = input.get_mut(place) {
                *byte = value;
            }
        }
    }
}

/// Where the tokens of JSON stand: strings, runs of letters and digits, punctuation.
fn tokens(text: &[u8]) -> Vec<std::ops::Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        let rest = text.get(at..).unwrap_or_default();
        let length = match byte {
            b'"' => {
                let mut escaped = false;
                let closing = rest.iter().skip(1).position(|&byte| {
                    let ends = byte == b'"' && !escaped;
                    escaped = byte == b'\\' && !escaped;
                    ends
                });
                closing.map_or(rest.len(), |closing| closing + 2)
            }
            b if b.is_ascii_whitespace() => {
                at += 1;
                continue;
            }
            b if is_word(b) => rest.iter().take_while(|&&byte| is_word(byte)).count(),
            _ => 1,
        };
        found.push(at..at + length);
        at += length;
    }
    found
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.' | b'_')
}

fn at<'a>(dice: &mut Dice, input: &'a mut [u8]) -> Option<&'a mut u8> {
    let place = dice.below(input.len());
    input.get_mut(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mutate_is_repeated_by_the_same_seed() {
        let known = vec![br#"{"a":[1,"x"]}"#.to_vec(), vec![7; 100]];
        for kind in [Kind::Bytes, Kind::Cbor, Kind::Text] {
            let make = || {
                let mut dice = Dice::new(9);
                (0..500)
                    .map(|_| mutate(&mut dice, kind, &known, 4096))
                    .collect::<Vec<_>>()
            };
            let made = make();
            assert_eq!(made, make());
            assert!(made.iter().all(|input| input.len() <= 4096));
            let distinct: std::collections::BTreeSet<_> = made.iter().collect();
            assert!(distinct.len() > 400, "{kind:?}: {}", distinct.len());
        }
    }

    #[test]
    fn mutate_survives_empty_inputs() {
        let mut dice = Dice::new(1);
        for known in [vec![], vec![Vec::new()]] {
            for kind in [Kind::Bytes, Kind::Cbor, Kind::Text] {
                for _ in 0..2000 {
                    mutate(&mut dice, kind, &known, 64);
                }
            }
        }
    }

    #[test]
    fn tokens_are_found_with_escapes_and_without_an_end() {
        let text = br#"{"a\"b": -1.5e3, [true "open"#;
        let found: Vec<_> = tokens(text)
            .into_iter()
            .map(|range| std::str::from_utf8(&text[range]).unwrap())
            .collect();
        assert_eq!(
            found,
            ["{", r#""a\"b""#, ":", "-1.5e3", ",", "[", "true", "\"open"]
        );
    }
}
