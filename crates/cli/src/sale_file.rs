//! `sale.json` in an encrypted folder: which item it is sold as, and whose that is.
//!
//! It is written before anything is encrypted, and never changed: who lost it could not go on with the
//! same item. There is no secret in it.

use std::{fs, io::Write, path::Path};

use serde::{Deserialize, Serialize};
use stheno::{
    ItemId,
    access::fresh_salt,
    market::Seller,
    protocol::{Address, B256, ChainId, item_id},
};

use crate::{failure::Failure, output::Output};

/// The only version of the file that exists.
const VERSION: u32 = 1;
/// What it is called.
const NAME: &str = "sale.json";

/// What an encrypted folder is sold as.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SaleFile {
    version: u32,
    chain_id: ChainId,
    registry: Address,
    owner: Address,
    /// What the item is registered with.
    pub salt: B256,
}

impl SaleFile {
    /// What `folder` is sold as; drawn and noted when it is not sold yet.
    ///
    /// # Errors
    /// When it is sold by another account or in another registry; when it cannot be read or written.
    pub fn of(folder: &Path, chain_id: ChainId, seller: &Seller) -> Result<Self, Failure> {
        let path = folder.join(NAME);
        if !path.exists() {
            let file = Self {
                version: VERSION,
                chain_id,
                registry: seller.market().registry,
                owner: seller.address(),
                salt: fresh_salt()?,
            };
            file.save(&path)?;
            return Ok(file);
        }
        let file = Self::load(&path)?;
        let same = file.chain_id == chain_id
            && file.registry == seller.market().registry
            && file.owner == seller.address();
        match same {
            true => Ok(file),
            false => Err(Failure::new(
                "other_sale",
                format_args!(
                    "{} is sold by {} in registry {} on chain {}",
                    folder.display(),
                    file.owner,
                    file.registry,
                    file.chain_id
                ),
            )
            .hint("use that account and network, or another output folder")),
        }
    }

    /// The item.
    pub fn item(&self) -> ItemId {
        item_id(self.chain_id, self.registry, self.owner, self.salt)
    }

    fn load(path: &Path) -> Result<Self, Failure> {
        let bad = |why: String| {
            Failure::new("bad_sale_file", format_args!("{}: {why}", path.display())).hint(
                "it says which item the folder is sealed to; restore it, or sell from another \
                 output folder",
            )
        };
        let text = fs::read_to_string(path).map_err(|error| bad(error.to_string()))?;
        let file: Self = serde_json::from_str(&text).map_err(|error| bad(error.to_string()))?;
        match file.version {
            VERSION => Ok(file),
            other => Err(bad(format!("version {other} is not known here"))),
        }
    }

    fn save(&self, path: &Path) -> Result<(), Failure> {
        let mut text = serde_json::to_vec_pretty(self).map_err(|e| Failure::new("failed", e))?;
        text.push(b'\n');
        let mut output = Output::create(&path.to_string_lossy(), false)?;
        let written = output.write_all(&text);
        written.map_err(|error| {
            output.failure(stheno::envelope::EnvelopeError::Write(error).into())
        })?;
        Ok(output.commit()?)
    }
}
