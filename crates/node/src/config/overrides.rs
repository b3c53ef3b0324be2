//! Environment variables over the configuration file.
//!
//! | variable | sets |
//! |---|---|
//! | `STHENO_NODE_LISTEN` | `listen` |
//! | `STHENO_NODE_LIMITS__BODY_BYTES` | `body_bytes` in `[limits]` |
//! | `STHENO_NODE_VAULT__KEY_FILE` | `[vault]` as a whole (it has one field) |
//! | `STHENO_NODE_RPC_314` | `rpc` of the chain 314, separated by commas |
//!
//! A value is read as TOML where it is TOML (`true`, `42`, `["a", "b"]`), else
//! as a string. A name that is no field is refused like a misspelt field.

use toml::{Table, Value};

use super::PASSPHRASE_ENV;

const PREFIX: &str = "STHENO_NODE_";
/// Ours, but no fields: the passphrase and the path of the file itself.
const NOT_FIELDS: [&str; 2] = [PASSPHRASE_ENV, "STHENO_NODE_CONFIG"];

/// Writes every override into `table`; tells whether there was any.
pub(super) fn apply(table: &mut Table, vars: impl Iterator<Item = (String, String)>) -> bool {
    let passphrase_env = table
        .get("vault")
        .and_then(|vault| vault.get("passphrase_env"))
        .and_then(Value::as_str)
        .map(str::to_owned);
    let mut touched = false;
    for (name, text) in vars {
        let Some(field) = name.strip_prefix(PREFIX) else {
            continue;
        };
        if NOT_FIELDS.contains(&name.as_str()) || passphrase_env.as_ref() == Some(&name) {
            continue;
        }
        set(table, &field.to_ascii_lowercase(), &text);
        touched = true;
    }
    touched
}

fn set(table: &mut Table, field: &str, text: &str) {
    if let Some(endpoints) = field.strip_prefix("rpc_").and_then(|id| rpc_of(table, id)) {
        *endpoints = text
            .split(',')
            .map(|url| Value::String(url.trim().to_owned()))
            .collect();
        return;
    }
    let Some((section, field)) = field.split_once("__") else {
        table.insert(field.to_owned(), value(text));
        return;
    };
    let section_table = table
        .entry(section)
        .or_insert_with(|| Value::Table(Table::new()));
    if section == "vault" || !section_table.is_table() {
        *section_table = Value::Table(Table::new());
    }
    if let Value::Table(fields) = section_table {
        fields.insert(field.to_owned(), value(text));
    }
}

fn rpc_of<'t>(table: &'t mut Table, id: &str) -> Option<&'t mut Vec<Value>> {
    let id: i64 = id.parse().ok()?;
    table
        .get_mut("chain")?
        .as_array_mut()?
        .iter_mut()
        .find(|chain| chain.get("chain_id").and_then(Value::as_integer) == Some(id))?
        .as_table_mut()?
        .entry("rpc")
        .or_insert_with(|| Value::Array(Vec::new()))
        .as_array_mut()
}

fn value(text: &str) -> Value {
    let line = format!("value = {text}");
    match toml::from_str::<Table>(&line) {
        Ok(mut parsed) if parsed.len() == 1 => parsed
            .remove("value")
            .unwrap_or_else(|| Value::String(text.to_owned())),
        _ => Value::String(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(text: &str, vars: &[(&str, &str)]) -> (bool, Table) {
        let mut table: Table = toml::from_str(text).unwrap();
        let vars = vars.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        let touched = apply(&mut table, vars);
        (touched, table)
    }

    #[test]
    fn overrides_reach_fields_sections_and_chains() {
        let (touched, table) = applied(
            "[vault]\npassphrase_file = \"a\"\n[[chain]]\nchain_id = 314\nrpc = []",
            &[
                ("STHENO_NODE_LISTEN", "0.0.0.0:80"),
                ("STHENO_NODE_LIMITS__BODY_BYTES", "42"),
                ("STHENO_NODE_VAULT__KEY_FILE", "k"),
                ("STHENO_NODE_RPC_314", "http://a, http://b"),
                ("STHENO_NODE_CORS_ORIGINS", "[\"*\"]"),
                ("HOME", "/"),
            ],
        );
        assert!(touched);
        let expected: Table = toml::from_str(
            "listen = \"0.0.0.0:80\"\ncors_origins = [\"*\"]\n[limits]\nbody_bytes = 42\n\
             [vault]\nkey_file = \"k\"\n[[chain]]\nchain_id = 314\nrpc = [\"http://a\", \"http://b\"]",
        )
        .unwrap();
        assert_eq!(table, expected);
    }

    #[test]
    fn overrides_leave_the_passphrase_alone() {
        let (touched, table) = applied(
            "[vault]\npassphrase_env = \"STHENO_NODE_OTHER\"",
            &[("STHENO_NODE_PASSPHRASE", "p"), ("STHENO_NODE_OTHER", "q")],
        );
        assert!(!touched);
        assert_eq!(table.len(), 1);
    }
}
