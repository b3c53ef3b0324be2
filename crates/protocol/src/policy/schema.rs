//! The JSON Schema of policies, for editors and other tools.

/// A JSON Schema (draft 2020-12) of the JSON form, `schema/policy.schema.json`.
///
/// Every policy is valid under it. Not everything valid is a policy: what a schema cannot say is
/// left to [`Policy::from_json`](super::Policy::from_json).
pub const SCHEMA: &str = include_str!("../../schema/policy.schema.json");

#[cfg(test)]
pub(crate) mod tests;
