//! From numbers that lie one by one to registers of one word of each, and back.

use core::arch::x86_64::{
    __m512i, _mm512_shuffle_i64x2, _mm512_unpackhi_epi64, _mm512_unpacklo_epi64,
};

/// Word `j` of row `i` becomes word `i` of row `j`.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn transposed(rows: [__m512i; 8]) -> [__m512i; 8] {
    // Four rows' pairs of words: words 0 and 1 of quarter l of the result are word 2·l (or
    // 2·l + 1) of two rows.
    macro_rules! columns {
        ($unpack:ident) => {{
            let [a, b, c, d] = [
                $unpack(rows[0], rows[1]),
                $unpack(rows[2], rows[3]),
                $unpack(rows[4], rows[5]),
                $unpack(rows[6], rows[7]),
            ];
            let low = [
                _mm512_shuffle_i64x2::<0x44>(a, b),
                _mm512_shuffle_i64x2::<0x44>(c, d),
            ];
            let high = [
                _mm512_shuffle_i64x2::<0xee>(a, b),
                _mm512_shuffle_i64x2::<0xee>(c, d),
            ];
            [
                _mm512_shuffle_i64x2::<0x88>(low[0], low[1]),
                _mm512_shuffle_i64x2::<0xdd>(low[0], low[1]),
                _mm512_shuffle_i64x2::<0x88>(high[0], high[1]),
                _mm512_shuffle_i64x2::<0xdd>(high[0], high[1]),
            ]
        }};
    }
    let [c0, c2, c4, c6] = columns!(_mm512_unpacklo_epi64);
    let [c1, c3, c5, c7] = columns!(_mm512_unpackhi_epi64);
    [c0, c1, c2, c3, c4, c5, c6, c7]
}
