//! The bytes of points: compressed (ZCash, IETF), uncompressed and EIP-2537. SPEC.md §1.
//!
//! Neither engine's own codec serves: arkworks' unchecked decoders check neither canonical
//! form nor the curve, and both take the identity.

use ark_bls12_381::{Fq, Fq2, G1Affine, G2Affine};
use ark_ec::AffineRepr;
use ark_ff::{BigInteger384, PrimeField};

use crate::{DecodeError, engine};

const COMPRESSED: u8 = 0x80;
const INFINITY: u8 = 0x40;
const LARGEST: u8 = 0x20;
const FLAGS: u8 = COMPRESSED | INFINITY | LARGEST;

/// Length of a base field element.
pub(crate) const FQ_BYTES: usize = 48;
/// Length of a compressed point of G1.
pub(crate) const G1_BYTES: usize = 48;
/// Length of a compressed point of G2.
pub(crate) const G2_BYTES: usize = 96;
/// Length of a point of G1 in EIP-2537.
pub(crate) const EIP2537_G1_BYTES: usize = 128;
/// Length of a point of G2 in EIP-2537.
pub(crate) const EIP2537_G2_BYTES: usize = 256;

/// Decodes a compressed point of G1: canonical, on the curve, in the subgroup, not the identity.
pub(crate) fn g1_from_compressed(bytes: &[u8]) -> Result<G1Affine, DecodeError> {
    let bytes: &[u8; G1_BYTES] = sized(bytes)?;
    check_compressed_form(bytes)?;
    engine::active().g1_decompress(bytes)
}

/// Decodes a compressed point of G2: canonical, on the curve, in the subgroup, not the identity.
pub(crate) fn g2_from_compressed(bytes: &[u8]) -> Result<G2Affine, DecodeError> {
    let bytes: &[u8; G2_BYTES] = sized(bytes)?;
    check_compressed_form(bytes)?;
    engine::active().g2_decompress(bytes)
}

/// Decodes compressed points of G2, one after the other: canonical, on the curve, not the identity.
///
/// The subgroup is **not** checked; the caller checks many points' at once.
pub(crate) fn g2_all_on_curve(bytes: &[u8]) -> Result<Vec<G2Affine>, DecodeError> {
    let (points, []) = bytes.as_chunks::<G2_BYTES>() else {
        return Err(DecodeError::Length {
            want: bytes.len().next_multiple_of(G2_BYTES),
            got: bytes.len(),
        });
    };
    points
        .iter()
        .try_for_each(|point| check_compressed_form(point))?;
    engine::active().g2_decompress_all_on_curve(points)
}

/// Checks everything about compressed bytes that needs no curve arithmetic.
pub(crate) fn check_compressed_form(bytes: &[u8]) -> Result<(), DecodeError> {
    let (flags, coordinates) = split_flags(bytes)?;
    match flags {
        COMPRESSED | 0xa0 => coordinates
            .iter()
            .try_for_each(|bytes| fq_from_bytes(bytes).map(drop)),
        0xc0 if coordinates.iter().flatten().all(|&byte| byte == 0) => Err(DecodeError::Identity),
        _ => Err(DecodeError::NonCanonical),
    }
}

/// Decodes an uncompressed point of G1: canonical and on the curve.
///
/// The subgroup is **not** checked; who multiplies the point by a secret must do so.
pub(crate) fn g1_from_uncompressed(bytes: &[u8; 2 * FQ_BYTES]) -> Result<G1Affine, DecodeError> {
    let (flags, coordinates) = split_flags(bytes)?;
    match (flags, coordinates.as_slice()) {
        (0, [x, y]) => {
            let point = G1Affine::new_unchecked(fq_from_bytes(x)?, fq_from_bytes(y)?);
            if point.is_on_curve() {
                Ok(point)
            } else {
                Err(DecodeError::NotOnCurve)
            }
        }
        (INFINITY, _) if bytes.iter().skip(1).all(|&byte| byte == 0) => Err(DecodeError::Identity),
        _ => Err(DecodeError::NonCanonical),
    }
}

/// Decodes a point of G1 as EIP-2537 writes it, with the checks of [`g1_from_compressed`].
pub(crate) fn g1_from_eip2537(bytes: &[u8]) -> Result<G1Affine, DecodeError> {
    let bytes: &[u8; EIP2537_G1_BYTES] = sized(bytes)?;
    let [x, y] = fields_from_eip2537(bytes)?;
    let point = G1Affine::new_unchecked(x, y);
    if !point.is_on_curve() {
        return Err(DecodeError::NotOnCurve);
    }
    if !engine::active().g1_in_subgroup(&point) {
        return Err(DecodeError::NotInSubgroup);
    }
    Ok(point)
}

/// Decodes a point of G2 as EIP-2537 writes it, with the checks of [`g2_from_compressed`].
pub(crate) fn g2_from_eip2537(bytes: &[u8]) -> Result<G2Affine, DecodeError> {
    let bytes: &[u8; EIP2537_G2_BYTES] = sized(bytes)?;
    let [x0, x1, y0, y1] = fields_from_eip2537(bytes)?;
    let point = G2Affine::new_unchecked(Fq2::new(x0, x1), Fq2::new(y0, y1));
    if !point.is_on_curve() {
        return Err(DecodeError::NotOnCurve);
    }
    if !engine::active().g2_in_subgroup(&point) {
        return Err(DecodeError::NotInSubgroup);
    }
    Ok(point)
}

/// The canonical field elements of a point in EIP-2537; all zero is the identity.
fn fields_from_eip2537<const N: usize>(bytes: &[u8]) -> Result<[Fq; N], DecodeError> {
    if bytes.iter().all(|&byte| byte == 0) {
        return Err(DecodeError::Identity);
    }
    let mut fields = [Fq::default(); N];
    for (bytes, out) in bytes.chunks_exact(64).zip(&mut fields) {
        let (padding, element) = bytes.split_at(64 - FQ_BYTES);
        if padding.iter().any(|&byte| byte != 0) {
            return Err(DecodeError::NonCanonical);
        }
        *out = fq_from_bytes(sized(element)?)?;
    }
    Ok(fields)
}

/// The 48 compressed bytes of a point of G1.
pub(crate) fn g1_to_compressed(point: &G1Affine) -> [u8; G1_BYTES] {
    let mut bytes = [0; G1_BYTES];
    let largest = point.xy().map(|(x, y)| {
        write_all(&mut bytes, &[x]);
        y > -y
    });
    set_flags(&mut bytes, largest);
    bytes
}

/// The 96 compressed bytes of a point of G2; the imaginary part comes first.
pub(crate) fn g2_to_compressed(point: &G2Affine) -> [u8; G2_BYTES] {
    let mut bytes = [0; G2_BYTES];
    let largest = point.xy().map(|(x, y)| {
        write_all(&mut bytes, &[x.c1, x.c0]);
        // arkworks orders Fq2 by c1 first, as the encoding does.
        y > -y
    });
    set_flags(&mut bytes, largest);
    bytes
}

/// The 96 uncompressed bytes of a point of G1.
pub(crate) fn g1_to_uncompressed(point: &G1Affine) -> [u8; 2 * FQ_BYTES] {
    let mut bytes = [0; 2 * FQ_BYTES];
    match point.xy() {
        Some((x, y)) => write_all(&mut bytes, &[x, y]),
        None => bytes[0] = INFINITY,
    }
    bytes
}

/// The 128 bytes of a point of G1 in EIP-2537.
pub(crate) fn g1_to_eip2537(point: &G1Affine) -> [u8; EIP2537_G1_BYTES] {
    let mut bytes = [0; EIP2537_G1_BYTES];
    if let Some((x, y)) = point.xy() {
        write_eip2537(&mut bytes, &[x, y]);
    }
    bytes
}

/// The 256 bytes of a point of G2 in EIP-2537; the real part comes first.
pub(crate) fn g2_to_eip2537(point: &G2Affine) -> [u8; EIP2537_G2_BYTES] {
    let mut bytes = [0; EIP2537_G2_BYTES];
    if let Some((x, y)) = point.xy() {
        write_eip2537(&mut bytes, &[x.c0, x.c1, y.c0, y.c1]);
    }
    bytes
}

fn write_eip2537(bytes: &mut [u8], elements: &[Fq]) {
    for (element, out) in elements.iter().zip(bytes.chunks_exact_mut(64)) {
        let (_padding, out) = out.split_at_mut(64 - FQ_BYTES);
        out.copy_from_slice(&fq_to_bytes(element));
    }
}

/// The 48 big-endian bytes of a base field element.
pub(crate) fn fq_to_bytes(element: &Fq) -> [u8; FQ_BYTES] {
    let mut bytes = [0; FQ_BYTES];
    for (limb, out) in element
        .into_bigint()
        .0
        .iter()
        .rev()
        .zip(bytes.chunks_exact_mut(8))
    {
        out.copy_from_slice(&limb.to_be_bytes());
    }
    bytes
}

/// A base field element from 48 big-endian bytes below the modulus.
pub(crate) fn fq_from_bytes(bytes: &[u8; FQ_BYTES]) -> Result<Fq, DecodeError> {
    let mut limbs = [0; 6];
    for (bytes, limb) in bytes.chunks_exact(8).zip(limbs.iter_mut().rev()) {
        *limb = bytes
            .iter()
            .fold(0, |limb, &byte| limb << 8 | u64::from(byte));
    }
    Fq::from_bigint(BigInteger384::new(limbs)).ok_or(DecodeError::NonCanonical)
}

/// Bytes of the one length that they must have.
pub(crate) fn sized<const N: usize>(bytes: &[u8]) -> Result<&[u8; N], DecodeError> {
    bytes.try_into().map_err(|_| DecodeError::Length {
        want: N,
        got: bytes.len(),
    })
}

/// The three flag bits, and the coordinates without them.
fn split_flags(bytes: &[u8]) -> Result<(u8, Vec<[u8; FQ_BYTES]>), DecodeError> {
    let mut coordinates = bytes
        .chunks(FQ_BYTES)
        .map(|chunk| sized(chunk).copied())
        .collect::<Result<Vec<_>, _>>()?;
    let first = coordinates
        .first_mut()
        .and_then(|coordinate| coordinate.first_mut())
        .ok_or(DecodeError::NonCanonical)?;
    let flags = *first & FLAGS;
    *first &= !FLAGS;
    Ok((flags, coordinates))
}

/// Sets a compressed point's flags; `None` is the identity.
fn set_flags(bytes: &mut [u8], largest: Option<bool>) {
    if let Some(first) = bytes.first_mut() {
        *first |= COMPRESSED
            | match largest {
                None => INFINITY,
                Some(true) => LARGEST,
                Some(false) => 0,
            };
    }
}

fn write_all(bytes: &mut [u8], elements: &[Fq]) {
    for (element, out) in elements.iter().zip(bytes.chunks_exact_mut(FQ_BYTES)) {
        out.copy_from_slice(&fq_to_bytes(element));
    }
}
