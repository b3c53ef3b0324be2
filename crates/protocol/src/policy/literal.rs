//! Literals as people write them: addresses, integers, times, hex.

use alloy_dyn_abi::DynSolType;
use alloy_primitives::{Address, B256, I256, U256};
use jiff::Timestamp;

use super::{
    Scalar,
    function::type_name,
    text::{Fault, Kind, Node},
    typing::{fits_int, fits_uint},
};
use crate::wire;

/// A literal of type `ty`, which has no parts.
pub(super) fn scalar(node: &Node<'_>, path: &str, ty: &DynSolType) -> Result<Scalar, Fault> {
    let expected = |what: &str| node.expected(path, &format!("{what} for {}", type_name(ty)));
    match ty {
        DynSolType::Bool => match node.kind {
            Kind::Bool(value) => Ok(Scalar::Bool(value)),
            _ => Err(expected("true or false")),
        },
        DynSolType::Uint(bits) => {
            let value = uint(node, path)?;
            if !fits_uint(value, *bits) {
                return Err(node.fault(path, format!("{value} does not fit in uint{bits}")));
            }
            Ok(Scalar::Uint(value))
        }
        DynSolType::Int(bits) => {
            let value = int(node, path)?;
            if !fits_int(value, *bits) {
                return Err(node.fault(path, format!("{value} does not fit in int{bits}")));
            }
            Ok(Scalar::Int(value))
        }
        DynSolType::Address => address(node, path).map(Scalar::Address),
        DynSolType::FixedBytes(size) => {
            let bytes = hex(node, path)?;
            if bytes.len() != *size {
                let problem = format!("bytes{size} has {size} bytes, this has {}", bytes.len());
                return Err(node.fault(path, problem));
            }
            Ok(Scalar::Word(B256::right_padding_from(&bytes), *size))
        }
        DynSolType::Bytes => hex(node, path).map(|bytes| Scalar::Bytes(bytes.into())),
        DynSolType::String => {
            let text = node.text(path, "a string")?;
            // A literal that begins with a colon is written with two.
            let text = match text.strip_prefix("::") {
                Some(rest) => format!(":{rest}"),
                None => text.to_owned(),
            };
            Ok(Scalar::Text(text))
        }
        _ => Err(node.fault(path, format!("{} has parts", type_name(ty)))),
    }
}

/// An address: all lower case, all upper case, or with the right EIP-55 checksum.
pub(super) fn address(node: &Node<'_>, path: &str) -> Result<Address, Fault> {
    let text = node.text(path, "an address such as \"0x…\"")?;
    let bytes = wire::parse::<20>(text)
        .map_err(|problem| node.fault(path, format!("`{text}` is not an address: {problem}")))?;
    let address = Address::from(bytes);
    let digits = text.get(2..).unwrap_or_default();
    let mixed = digits.contains(|c: char| c.is_ascii_lowercase())
        && digits.contains(|c: char| c.is_ascii_uppercase());
    if mixed && address.to_checksum(None) != text {
        return Err(node.fault(
            path,
            format!("the checksum of `{text}` is wrong (EIP-55): a character or its case was changed; copy the address again"),
        ));
    }
    Ok(address)
}

/// An integer that is not negative, to 256 bits, as a number or in a string.
pub(super) fn uint(node: &Node<'_>, path: &str) -> Result<U256, Fault> {
    let (digits, negative) = integer(node, path)?;
    if negative && digits.bytes().any(|digit| digit != b'0') {
        return Err(node.fault(path, "the integer must not be negative"));
    }
    U256::from_str_radix(digits, 10)
        .map_err(|_| node.fault(path, "the integer does not fit in 256 bits"))
}

/// An integer to 256 bits with its sign, as a number or in a string.
pub(super) fn int(node: &Node<'_>, path: &str) -> Result<I256, Fault> {
    let (digits, negative) = integer(node, path)?;
    let beyond = || node.fault(path, "the integer does not fit in 256 bits");
    let magnitude = U256::from_str_radix(digits, 10).map_err(|_| beyond())?;
    let value = if negative {
        I256::from_raw(magnitude.wrapping_neg())
    } else {
        I256::from_raw(magnitude)
    };
    if !magnitude.is_zero() && value.is_negative() != negative {
        return Err(beyond());
    }
    Ok(value)
}

/// An integer to 64 bits.
pub(super) fn small(node: &Node<'_>, path: &str) -> Result<u64, Fault> {
    let value = uint(node, path)?;
    u64::try_from(value).map_err(|_| node.fault(path, format!("{value} does not fit in 64 bits")))
}

fn integer<'n>(node: &'n Node<'_>, path: &str) -> Result<(&'n str, bool), Fault> {
    let written = match &node.kind {
        Kind::Number(written) => written,
        Kind::Text(text) => text.as_str(),
        _ => return Err(node.expected(path, "an integer, as a number or in a string")),
    };
    let (digits, negative) = match written.strip_prefix('-') {
        Some(digits) => (digits, true),
        None => (written, false),
    };
    if digits.is_empty() || !digits.bytes().all(|c| c.is_ascii_digit()) {
        let problem = match node.kind {
            Kind::Number(_) => format!(
                "`{written}` is not an integer: fractions and exponents are not used, count in the smallest unit"
            ),
            _ => format!(
                "`{written}` is not an integer: write decimal digits, counting in the smallest unit"
            ),
        };
        return Err(node.fault(path, problem));
    }
    Ok((digits, negative))
}

/// `0x` and hex digits.
pub(super) fn hex(node: &Node<'_>, path: &str) -> Result<Vec<u8>, Fault> {
    let text = node.text(path, "bytes as a string of 0x and hex digits")?;
    wire::parse_bytes(text).map_err(|problem| node.fault(path, problem))
}

/// RFC 3339 to the second, as Unix time.
pub(super) fn time(node: &Node<'_>, path: &str) -> Result<u64, Fault> {
    let text = node.text(path, "a time such as \"2027-06-30T00:00:00Z\"")?;
    let wrong = || {
        node.fault(
            path,
            format!("`{text}` is not a time: write RFC 3339 to the second, such as \"2027-06-30T00:00:00Z\""),
        )
    };
    if !is_rfc3339(text) {
        return Err(wrong());
    }
    let time: Timestamp = text.parse().map_err(|_| wrong())?;
    u64::try_from(time.as_second()).map_err(|_| node.fault(path, "the time is before 1970"))
}

/// Unix time in RFC 3339; the number itself beyond the year 9999.
#[must_use]
pub fn time_text(second: u64) -> String {
    i64::try_from(second)
        .ok()
        .and_then(|second| Timestamp::from_second(second).ok())
        .map_or_else(|| second.to_string(), |time| time.to_string())
}

/// Whether people write the time so; jiff accepts more than RFC 3339 does.
fn is_rfc3339(text: &str) -> bool {
    let shape: String = text
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    let (date_time, zone) = match shape.split_at_checked(19) {
        Some(parts) => parts,
        None => return false,
    };
    date_time.eq_ignore_ascii_case("0000-00-00T00:00:00")
        && (zone.eq_ignore_ascii_case("Z") || matches!(zone, "+00:00" | "-00:00"))
}
