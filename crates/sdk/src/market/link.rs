//! A link to something that is for sale: where it is listed, and where it is stored.
//!
//! ```text
//! stheno:sale/<chain id>/<catalogue>/<listed id>/<PieceCID>[,<PieceCID>…][?at=<place>…]
//! ```
//!
//! What stands behind the id is a [`Link`] to the collection. There is no price and no promise in it:
//! those are read from the chain.

use std::{fmt, str::FromStr};

use stheno_protocol::{Address, B256, ChainId};

use super::MarketError;
use crate::collection::{Link, LinkKind};

/// How it begins.
const SCHEME: &str = "stheno:sale/";
/// How the link in it begins, by itself.
const COLLECTION: &str = "stheno:collection/";

/// Where something is for sale, and where it is stored.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SaleLink {
    /// The chain of registry, sales and catalogue.
    pub chain: ChainId,
    /// The catalogue that lists it.
    pub catalogue: Address,
    /// The item, or the collection, that is listed.
    pub listed: B256,
    /// The encrypted folder.
    pub folder: Link,
}

impl SaleLink {
    /// Whether a text is meant as such a link.
    pub fn is_meant(text: &str) -> bool {
        text.starts_with(SCHEME)
    }
}

impl fmt::Display for SaleLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let folder = self.folder.to_string();
        let folder = folder.strip_prefix(COLLECTION).unwrap_or(&folder);
        let (chain, catalogue, listed) = (self.chain, self.catalogue, self.listed);
        write!(f, "{SCHEME}{chain}/{catalogue:#x}/{listed:#x}/{folder}")
    }
}

impl FromStr for SaleLink {
    type Err = MarketError;

    fn from_str(text: &str) -> Result<Self, MarketError> {
        let bad = |why: &str| MarketError::BadLink {
            why: why.to_owned(),
        };
        let rest = text.strip_prefix(SCHEME);
        let rest = rest.ok_or_else(|| bad("it does not begin with `stheno:sale/`"))?;
        let mut parts = rest.splitn(4, '/');
        let mut next = |what: &str| {
            parts
                .next()
                .ok_or_else(|| bad(&format!("it has no {what}")))
        };
        let chain = next("chain")?;
        let chain = chain.parse().map_err(|_| bad("its chain is no number"))?;
        let catalogue = next("catalogue")?;
        let catalogue = catalogue
            .parse()
            .map_err(|_| bad("its catalogue is no address"))?;
        let listed = next("item")?;
        let listed = listed
            .parse()
            .map_err(|_| bad("its item is not 0x and 64 hex digits"))?;
        let folder: Link = format!("{COLLECTION}{}", next("folder")?)
            .parse()
            .map_err(|error| bad(&format!("{error}")))?;
        debug_assert_eq!(folder.kind, LinkKind::Collection);
        Ok(Self {
            chain,
            catalogue,
            listed,
            folder,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stheno_envelope::PieceHasher;

    #[test]
    fn sale_link_reads_back_as_it_is_written() {
        let mut hasher = PieceHasher::new(None);
        hasher.update(&[1; 200]);
        let link = SaleLink {
            chain: 314,
            catalogue: Address::repeat_byte(2),
            listed: B256::repeat_byte(3),
            folder: Link {
                kind: LinkKind::Collection,
                pieces: vec![hasher.finish().unwrap()],
                places: vec!["https://a.example/piece".parse().unwrap()],
            },
        };
        let text = link.to_string();
        assert!(SaleLink::is_meant(&text));
        assert_eq!(text.parse::<SaleLink>().unwrap(), link);
        for bad in [
            text.replace("314", "x"),
            text.replace("0x0202", "0x02"),
            text.replace("/0x0303", "/0x03"),
            text.replace("sale", "collection"),
            text.replace("at=https", "at=file"),
            text.split("/ba").next().unwrap().to_owned(),
            format!("{text}&key=1"),
        ] {
            let error = bad.parse::<SaleLink>().unwrap_err();
            assert!(matches!(error, MarketError::BadLink { .. }), "{bad}");
        }
    }
}
