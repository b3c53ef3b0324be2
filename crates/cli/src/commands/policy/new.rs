//! Policies of common kinds, written out.

use serde_json::{Value, json};
use stheno::protocol::ChainId;

use super::with;
use crate::{
    args::{Preset, SpanArgs},
    failure::Failure,
};

/// The policy as JSON.
///
/// # Errors
/// A span of time without a chain whose time counts, a lock without a time.
pub(super) fn write(preset: &Preset) -> Result<Value, Failure> {
    let (rule, chain, span) = match preset {
        Preset::Nft(args) => (
            json!({ "token": {
                "chain": args.chain, "standard": "erc721", "contract": args.contract,
                "min": args.min.to_string(),
            } }),
            Some(args.chain),
            &args.span,
        ),
        Preset::Token(args) => (
            json!({ "token": {
                "chain": args.chain, "standard": "erc20", "contract": args.contract,
                "min": args.min.to_string(),
            } }),
            Some(args.chain),
            &args.span,
        ),
        Preset::Items(args) => {
            let ids: Vec<String> = args.ids.iter().map(ToString::to_string).collect();
            let token = json!({
                "chain": args.chain, "standard": "erc1155", "contract": args.contract,
                "ids": ids, "min": args.min.to_string(),
            });
            (json!({ "token": token }), Some(args.chain), &args.span)
        }
        Preset::Balance(args) => (
            json!({ "balance": { "chain": args.chain, "min": args.min.to_string() } }),
            Some(args.chain),
            &args.span,
        ),
        Preset::Accounts(args) => {
            let list = json!({ "in": args.accounts });
            let list = match args.chain {
                Some(chain) => with(list, "chain", chain),
                None => list,
            };
            (json!({ "address": list }), args.chain, &args.span)
        }
        Preset::Lock(args) => {
            let time = time(Some(args.chain), &args.span)?;
            let rule = time.ok_or_else(|| {
                let fault = "a lock without a time holds for everybody, always";
                Failure::new("usage", fault).hint("give --after TIME, --before TIME or both")
            })?;
            return Ok(policy(rule));
        }
        Preset::Subscription(args) => {
            let token = args
                .id
                .map_or(":subscription".to_owned(), |id| id.to_string());
            let subscription = json!({
                "chain": args.chain, "contract": args.contract, "token": token,
            });
            (
                json!({ "subscription": subscription }),
                Some(args.chain),
                &args.span,
            )
        }
        Preset::Storage(args) => {
            let mut storage = json!({
                "chain": args.chain, "dataSet": args.data_set.to_string(),
            });
            if let Some(verifier) = args.verifier {
                storage = with(storage, "verifier", verifier.to_string());
            }
            if let Some(epochs) = args.proven_within {
                storage = with(storage, "provenWithin", epochs);
            }
            (json!({ "storage": storage }), Some(args.chain), &args.span)
        }
        Preset::Grant(args) => {
            let mut grant = json!({ "chain": args.chain, "registry": args.contract });
            if let Some(name) = &args.context {
                grant = with(grant, "context", format!(":{name}"));
            }
            (json!({ "grant": grant }), Some(args.chain), &args.span)
        }
        Preset::Member(args) => {
            let mut zk = json!({
                "circuit": format!("membership-{}-v1", args.depth), "key": args.key,
                "chain": args.chain, "group": args.contract, "proof": ":me",
            });
            if let Some(period) = args.period {
                zk = with(zk, "period", period.0);
            }
            (json!({ "zk": zk }), Some(args.chain), &args.span)
        }
    };
    Ok(policy(match time(chain, span)? {
        Some(time) => json!({ "all": [rule, time] }),
        None => rule,
    }))
}

fn policy(rule: Value) -> Value {
    json!({ "version": 1, "rule": rule })
}

fn time(chain: Option<ChainId>, span: &SpanArgs) -> Result<Option<Value>, Failure> {
    if span.after.is_none() && span.before.is_none() {
        return Ok(None);
    }
    let chain = chain.ok_or_else(|| {
        Failure::new("usage", "a time is a time of a chain's blocks")
            .hint("give --chain ID, the chain whose time counts")
    })?;
    let mut time = json!({ "chain": chain });
    for (end, at) in [("after", &span.after), ("before", &span.before)] {
        if let Some(at) = at {
            time = with(time, end, at.as_str());
        }
    }
    Ok(Some(json!({ "time": time })))
}
