use serde_json::{Value, json};

use super::*;
use crate::{ContextValue, policy::time_text};

const NOW: u64 = 1_800_000_000;

fn zk(name: &str) -> Value {
    let word = format!("0x{}", "17".repeat(32));
    json!({ "zk": { "circuit": "membership-20-v1", "key": word, "root": word, "proof": format!(":{name}") } })
}

fn until(before: u64) -> Value {
    json!({ "time": { "chain": 1, "before": time_text(before) } })
}

/// The names of what is proven, of what can be.
fn chosen(rule: &Value, can: &[&str]) -> Option<Vec<String>> {
    chosen_beside(&Context::default(), rule, can)
}

fn chosen_beside(context: &Context, rule: &Value, can: &[&str]) -> Option<Vec<String>> {
    let policy = json!({ "version": 1, "rule": rule }).to_string();
    let policy = Policy::from_json(&policy).unwrap();
    let chosen = choose(&policy, context, NOW, |zk| can.contains(&zk.proof.as_str()))?;
    Some(chosen.iter().map(|zk| zk.proof.clone()).collect())
}

fn names(names: &[&str]) -> Option<Vec<String>> {
    Some(names.iter().map(|name| (*name).to_owned()).collect())
}

#[test]
fn no_more_is_proven_than_is_needed() {
    let any = json!({ "any": [zk("a"), zk("b")] });
    assert_eq!(chosen(&any, &["a", "b"]), names(&["a"]));
    assert_eq!(chosen(&any, &["b"]), names(&["b"]));
    assert_eq!(chosen(&any, &[]), None);
    let all = json!({ "all": [zk("a"), zk("b")] });
    assert_eq!(chosen(&all, &["a", "b"]), names(&["a", "b"]));
    assert_eq!(chosen(&all, &["a"]), None, "a is not told for nothing");
    let fewest = json!({ "any": [all, zk("c")] });
    assert_eq!(chosen(&fewest, &["a", "b", "c"]), names(&["c"]));
    let five = ["a", "b", "c", "d", "e"];
    let two = json!({ "at_least": { "k": 2, "of": five.map(zk) } });
    assert_eq!(chosen(&two, &five), names(&["a", "b"]));
    assert_eq!(chosen(&two, &["e", "c"]), names(&["c", "e"]));
}

#[test]
fn what_needs_nothing_else_goes_first() {
    let (day, year) = (NOW - 86_400, NOW + 31_536_000);
    let phases = |first: u64, second: u64| json!({ "any": [{ "all": [until(first), zk("a")] }, { "all": [until(second), zk("b")] }] });
    assert_eq!(chosen(&phases(day, year), &["a", "b"]), names(&["b"]));
    assert_eq!(chosen(&phases(year, day), &["a", "b"]), names(&["a"]));
    // The clock may be wrong by so much.
    assert_eq!(
        chosen(&phases(NOW - 60, NOW + 60), &["a", "b"]),
        names(&["a"])
    );
    assert_eq!(chosen(&phases(day, day), &["b"]), names(&["b"]));
    let open = |before: u64| json!({ "any": [until(before), zk("a")] });
    assert_eq!(chosen(&open(year), &["a"]), names(&[]));
    assert_eq!(chosen(&open(day), &["a"]), names(&["a"]));
    assert_eq!(chosen(&open(NOW + 60), &["a"]), names(&["a"]));
    assert_eq!(chosen(&open(NOW + 60), &[]), names(&[]));
}

#[test]
fn proofs_fit_beside_what_is_sent_along() {
    let mut context = Context::default();
    context
        .insert("more", ContextValue::Bytes(vec![0; 2_600].into()))
        .unwrap();
    let rule = json!({ "any": [{ "all": [zk("a"), zk("b")] }, zk("c")] });
    assert_eq!(chosen_beside(&context, &rule, &["a", "b"]), None);
    assert_eq!(
        chosen_beside(&context, &rule, &["a", "b", "c"]),
        names(&["c"])
    );
    let both = json!({ "all": [zk("a"), zk("b")] });
    assert_eq!(chosen(&both, &["a", "b"]), names(&["a", "b"]));
}
