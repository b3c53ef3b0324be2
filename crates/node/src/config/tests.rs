use super::*;

const MINIMAL: &str = r#"
    [network]
    chain_id = 31415926
    contract = "0x5FbDB2315678afecb367f032d93F642f64180aa3"
    committee_id = 1

    [[chain]]
    chain_id = 31415926
    rpc = ["http://user:key@127.0.0.1:8545/secret"]
"#;

fn load(text: &str) -> Result<Config, ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("node.toml");
    std::fs::write(&path, text).unwrap();
    Config::load(&path)
}

#[test]
fn config_takes_documented_defaults_when_only_the_network_is_given() {
    let config = load(MINIMAL).unwrap();
    assert_eq!(config.listen.port(), 8440);
    assert!(config.data_dir.ends_with("data"));
    assert!(config.data_dir.is_absolute());
    assert_eq!(
        config.vault,
        Unlock::PassphraseEnv(PASSPHRASE_ENV.to_owned())
    );
    assert_eq!(config.chains[0].chain_config().min_agree, 1);
    assert_eq!(config.limits.body_bytes, 131_072);
}

#[test]
fn config_debug_hides_endpoint_credentials() {
    let shown = format!("{:?}", load(MINIMAL).unwrap());
    assert!(
        !shown.contains("secret") && !shown.contains("key@"),
        "{shown}"
    );
    assert!(shown.contains("127.0.0.1"));
}

#[test]
fn config_names_the_fault_when_a_value_makes_no_sense() {
    for (extra, fault) in [
        ("[limits]\nbody_bytes = 0", "limits.body_bytes"),
        ("[limits]\nbodybytes = 1", "bodybytes"),
        (
            "[[chain]]\nchain_id = 31415926\nrpc = [\"http://b\"]",
            "two [[chain]]",
        ),
        ("[[chain]]\nchain_id = 1\nrpc = []", "chain 1"),
        (
            "[[chain]]\nchain_id = 1\nrpc = [\"http://b\"]\nmin_agree = 2",
            "min_agree",
        ),
        (
            "[[chain]]\nchain_id = 1\nrpc = [\"http://b\"]\nanswer_ms = 0",
            "answer_ms",
        ),
        ("[vault]\npassword = \"x\"", "password"),
        ("[epochs]\nrefresh_every_days = -1.0", "refresh_every_days"),
        ("[epochs]\nrefresh_gap_hours = nan", "refresh_gap_hours"),
        (
            "[recovery]\ntrustees = []\nthreshold = 2",
            "2 of 0 trustees",
        ),
    ] {
        let error = load(&format!("{MINIMAL}\n{extra}"))
            .unwrap_err()
            .to_string();
        assert!(error.contains(fault), "{error}");
    }
    let error = load(&format!("cors_origins = [\"app.example\"]\n{MINIMAL}")).unwrap_err();
    assert!(error.to_string().contains("app.example"));
    let error = load("listen = 3").unwrap_err().to_string();
    assert!(error.contains("line 1"), "{error}");
}

#[test]
fn config_needs_the_committees_own_chain() {
    let text = MINIMAL.replacen("chain_id = 31415926", "chain_id = 314", 1);
    assert!(load(&text).unwrap_err().to_string().contains("314"));
}
