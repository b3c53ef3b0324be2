//! Domain separation tags of this crate, each used in one place.

/// In an id that an account makes an item of, in a registry.
pub(crate) const REGISTRY_ITEM: &str = "STHENO-V1-REGISTRY-ITEM";
/// In a collection's id.
pub(crate) const REGISTRY_COLLECTION: &str = "STHENO-V1-REGISTRY-COLLECTION";
/// In the id of a collection's period.
pub(crate) const REGISTRY_PERIOD: &str = "STHENO-V1-REGISTRY-PERIOD";
