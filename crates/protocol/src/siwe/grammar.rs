//! The grammar of EIP-4361's fields: RFC 3986, RFC 3339.

/// `[ scheme "://" ] authority`, the authority not empty.
pub(super) fn is_origin(text: &str) -> bool {
    match text.split_once("://") {
        Some((scheme, authority)) => is_scheme(scheme) && is_authority(authority),
        None => is_authority(text),
    }
}

/// `scheme ":" hier-part [ "?" query ] [ "#" fragment ]`
pub(super) fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else {
        return false;
    };
    let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
    let (hierarchy, query) = rest.split_once('?').unwrap_or((rest, ""));
    let is_path = |path| is_made_of(path, |byte| is_pchar(byte) || byte == b'/');
    let is_tail = |tail| is_made_of(tail, |byte| is_pchar(byte) || matches!(byte, b'/' | b'?'));
    let hierarchy = match hierarchy.strip_prefix("//") {
        Some(rest) => {
            let end = rest.find('/').unwrap_or(rest.len());
            let (authority, path) = rest.split_at(end);
            (authority.is_empty() || is_authority(authority)) && is_path(path)
        }
        None => is_path(hierarchy),
    };
    is_scheme(scheme) && hierarchy && is_tail(query) && is_tail(fragment)
}

/// `1*( reserved / unreserved / " " )`
pub(super) fn is_statement(text: &str) -> bool {
    let is_gen_delim = |byte| matches!(byte, b':' | b'/' | b'?' | b'#' | b'[' | b']' | b'@');
    let is_char =
        |byte| byte == b' ' || is_unreserved(byte) || is_sub_delim(byte) || is_gen_delim(byte);
    !text.is_empty() && text.bytes().all(is_char)
}

/// `8*( ALPHA / DIGIT )`
pub(super) fn is_nonce(text: &str) -> bool {
    text.len() >= 8 && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// `*pchar`
pub(super) fn is_request_id(text: &str) -> bool {
    is_made_of(text, is_pchar)
}

/// `YYYY-MM-DDThh:mm:ss[.fraction](Z / ±hh:mm)`; whether such a day exists is not looked at.
pub(super) fn is_time(text: &str) -> bool {
    let Some((moment, rest)) = text.split_at_checked(19) else {
        return false;
    };
    let is_moment = is_shaped(moment, "0000-00-00T00:00:00");
    let rest = match rest.strip_prefix('.') {
        None => rest,
        Some(rest) => {
            let offset = rest.trim_start_matches(|c: char| c.is_ascii_digit());
            if !(1..=9).contains(&(rest.len() - offset.len())) {
                return false;
            }
            offset
        }
    };
    is_moment && (rest == "Z" || is_shaped(rest, "+00:00") || is_shaped(rest, "-00:00"))
}

/// Whether digits stand where `shape` has a zero, and else what `shape` has.
fn is_shaped(text: &str, shape: &str) -> bool {
    text.len() == shape.len()
        && text.bytes().zip(shape.bytes()).all(|pair| match pair {
            (byte, b'0') => byte.is_ascii_digit(),
            (byte, other) => byte == other,
        })
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
}

/// `[ userinfo "@" ] host [ ":" port ]`, the host not empty.
fn is_authority(text: &str) -> bool {
    let (user, place) = match text.rsplit_once('@') {
        Some((user, place)) => (user, place),
        None => ("", text),
    };
    let is_reg_char = |byte| is_unreserved(byte) || is_sub_delim(byte);
    let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
    let is_place = match place.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((literal, rest)) => {
                is_ip_literal(literal)
                    && (rest.is_empty() || rest.strip_prefix(':').is_some_and(is_port))
            }
            None => false,
        },
        None => {
            let (host, port) = place.split_once(':').unwrap_or((place, ""));
            !host.is_empty() && is_made_of(host, is_reg_char) && is_port(port)
        }
    };
    is_place && is_made_of(user, |byte| is_reg_char(byte) || byte == b':')
}

fn is_ip_literal(text: &str) -> bool {
    match text.strip_prefix(['v', 'V']) {
        // IPvFuture.
        Some(rest) => rest.split_once('.').is_some_and(|(version, address)| {
            !version.is_empty()
                && version.bytes().all(|byte| byte.is_ascii_hexdigit())
                && !address.is_empty()
                && address
                    .bytes()
                    .all(|byte| is_unreserved(byte) || is_sub_delim(byte) || byte == b':')
        }),
        None => text.parse::<core::net::Ipv6Addr>().is_ok(),
    }
}

/// Whether every byte is such, or belongs to a percent-encoded one.
fn is_made_of(text: &str, is_char: impl Fn(u8) -> bool) -> bool {
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let is_fine = match byte {
            b'%' => {
                let mut is_digit = || bytes.next().is_some_and(|byte| byte.is_ascii_hexdigit());
                is_digit() && is_digit()
            }
            byte => is_char(byte),
        };
        if !is_fine {
            return false;
        }
    }
    true
}

fn is_pchar(byte: u8) -> bool {
    is_unreserved(byte) || is_sub_delim(byte) || matches!(byte, b':' | b'@')
}

const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

const fn is_sub_delim(byte: u8) -> bool {
    matches!(
        byte,
        b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'='
    )
}
