//! A network: sealing to it, opening through it, and what its policies say.

use std::sync::Arc;

use futures::{StreamExt, channel::mpsc};
use js_sys::{Function, Promise};
use serde_json::{Value, json};
use stheno::{
    Client, DecryptOptions, Error, Event, ItemId, NetworkFile, Nobody, Policy, Reader, SealTo,
    chain::HttpOptions,
    clock::SystemClock,
    ledger::RpcLedger,
    protocol::{Explained, Subject, Truth},
    transport::HttpTransport,
};
use url::Url;
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::spawn_local;

use crate::{
    abort::unless,
    envelope::Envelope,
    error::{Failure, Result, nodes, to_js},
    opened::{OpenedFile, keyring},
    policy,
    reader::{AskingReader, address, key_account},
    sealing::{Options, Sealing},
};

/// A network whose key was compared with its file's.
#[wasm_bindgen]
pub struct NetworkClient {
    pub(crate) client: Client,
    pub(crate) file: NetworkFile,
    pub(crate) ledger: RpcLedger,
}

#[wasm_bindgen]
impl NetworkClient {
    /// Reads the committee from the chain, and compares its key with the network file's. `rpc`: endpoints
    /// instead of the file's.
    ///
    /// # Errors
    /// `bad_network_file`, `wrong_network_key`, and what is wrong with endpoints.
    pub async fn connect(
        file: String,
        rpc: Vec<String>,
        aborted: Option<Promise>,
    ) -> std::result::Result<Self, JsValue> {
        let connected = async {
            let file = NetworkFile::from_json(&file)?;
            let urls = rpc.iter().map(|url| {
                Url::parse(url).map_err(|error| Failure::argument(format!("an endpoint: {error}")))
            });
            let rpc = urls.collect::<Result<Vec<Url>>>()?;
            let ledger = || RpcLedger::of_network(&file, &rpc).with_options(HttpOptions::default());
            let client = Client::new(ledger(), HttpTransport::new()?, SystemClock);
            let client = client.pin(file.clone()).await?;
            Ok(Self {
                client,
                ledger: ledger(),
                file,
            })
        };
        unless(aborted, connected).await
    }

    /// `{ id, name, chainId, threshold, nodes, rpc, hasMarket }`.
    pub fn about(&self) -> JsValue {
        let rpc = self.file.rpc.get(&self.file.chain_id);
        let rpc = rpc.into_iter().flatten().map(Url::as_str);
        to_js(&json!({
            "id": self.file.network_id().to_string(),
            "name": self.file.name,
            "chainId": self.file.chain_id,
            "threshold": self.file.threshold,
            "nodes": self.file.nodes.len(),
            "rpc": rpc.collect::<Vec<_>>(),
            "hasMarket": self.file.market.is_some(),
        }))
    }

    /// Seals a fresh key under a policy (JSON) and lays down the envelope's header. Asks nobody.
    ///
    /// # Errors
    /// `invalid_policy`, `bad_argument`, `item_needed`.
    pub fn seal(&self, policy: &str, options: &str) -> std::result::Result<Sealing, JsValue> {
        Ok(self.sealing(policy, options)?)
    }

    /// Opens an envelope: with one of `keys`, else by asking the committee for `reader`. `hidden`: the
    /// policy (JSON) of an envelope that says only its digest. `on_event` is told what is going on.
    ///
    /// # Errors
    /// What nodes refuse, and all else that can go wrong.
    pub async fn open(
        &self,
        envelope: &Envelope,
        reader: Option<AskingReader>,
        keys: Vec<String>,
        hidden: Option<String>,
        on_event: Option<Function>,
        aborted: Option<Promise>,
    ) -> std::result::Result<OpenedFile, JsValue> {
        let opened = async {
            let header = &envelope.header;
            let own = match keys.is_empty() {
                true => None,
                false => keyring(keys)?.open(header).ok().map(|(key, _)| key),
            };
            let key = match own {
                Some(key) => key,
                None => {
                    let options = read_options(hidden.as_deref(), on_event)?;
                    let reader: Arc<dyn Reader> =
                        reader.map_or_else(|| Arc::new(Nobody) as _, |reader| reader.0);
                    let opened = self.client.open(reader.as_ref(), header, &options).await?;
                    opened.cek
                }
            };
            OpenedFile::new(header.clone(), key, envelope.origin.clone()).await
        };
        unless(aborted, opened).await
    }

    /// What a policy (JSON) says of an account now, by this page's own endpoints.
    ///
    /// # Errors
    /// `invalid_policy`, and what is wrong with endpoints.
    pub async fn explain(
        &self,
        policy: String,
        item: Option<String>,
        account: Option<String>,
        aborted: Option<Promise>,
    ) -> std::result::Result<JsValue, JsValue> {
        let explained = async {
            let policy = policy::parsed(&policy)?;
            let account = account.as_deref().map(address).transpose()?;
            let item = match item {
                Some(item) => parse_item(&item)?,
                None => ItemId::from_bytes([0; 32]),
            };
            let subject = Subject {
                account: account.map(|account| key_account(account, self.file.chain_id)),
                item,
                context: Default::default(),
                proofs: Default::default(),
            };
            let found = self.ledger.explain(&policy, &subject).await;
            let found = found.map_err(Error::from)?;
            let (then, now) = (&found.then.tree, &found.now.tree);
            let is_unknown = [then, now].iter().any(|tree| tree.truth == Truth::Unknown);
            let is_false = [then, now].iter().any(|tree| tree.truth == Truth::False);
            let granted = match (found.granted, is_unknown && !is_false) {
                (granted, false) => Value::Bool(granted),
                (_, true) => Value::Null,
            };
            Ok(to_js(&json!({
                "granted": granted,
                "tree": tree(then),
                "now": tree(now),
            })))
        };
        unless(aborted, explained).await
    }
}

impl NetworkClient {
    fn sealing(&self, policy: &str, options: &str) -> Result<Sealing> {
        let policy = policy::parsed(policy)?;
        let options = Options::read(options)?.into_options()?;
        let pinned = self.client.pinned().ok_or(Error::NoNetwork {
            why: "the network is not pinned",
        })?;
        let facts = (
            self.file.network_id().to_string(),
            format!("0x{}", hex::encode(policy.digest().as_bytes())),
        );
        let to = SealTo::network(pinned.clone(), policy);
        let encryption = stheno::Encryption::prepare(&[to], options)?;
        Ok(Sealing::new(encryption, Some(facts)))
    }
}

pub(crate) fn parse_item(text: &str) -> Result<ItemId> {
    let item = text.parse();
    item.map_err(|_| Failure::argument("the item is not 0x and 64 hex digits"))
}

/// How to open, told to a function as it goes.
pub(crate) fn read_options(
    hidden: Option<&str>,
    on_event: Option<Function>,
) -> Result<DecryptOptions> {
    let mut options = DecryptOptions::default();
    if let Some(policy) = hidden {
        let policy: Policy = policy::parsed(policy)?;
        options = options.policy(policy);
    }
    if let Some(on_event) = on_event {
        let (tell, mut told) = mpsc::unbounded::<Event>();
        options = options.observer(move |event| {
            // Whoever listened may have gone away.
            let _ = tell.unbounded_send(event.clone());
        });
        spawn_local(async move {
            while let Some(event) = told.next().await {
                let _ = on_event.call1(&JsValue::UNDEFINED, &to_js(&event_told(&event)));
            }
        });
    }
    Ok(options)
}

fn event_told(event: &Event) -> Value {
    match event {
        Event::Asking {
            network,
            nodes,
            threshold,
        } => json!({
            "kind": "asking",
            "network": network.to_string(),
            "nodes": nodes,
            "threshold": threshold,
        }),
        Event::Waiting { why, pause, blocks } => json!({
            "kind": "waiting",
            "why": why,
            "seconds": pause.as_secs_f64(),
            "blocks": blocks,
        }),
        Event::KeyOpened { tally } => json!({ "kind": "opened", "nodes": nodes(tally) }),
        _ => json!({ "kind": "other" }),
    }
}

fn tree(explained: &Explained) -> Value {
    let mut told = json!({
        "rule": explained.rule,
        "truth": match explained.truth {
            Truth::True => "true",
            Truth::False => "false",
            Truth::Unknown => "unknown",
        },
        "of": explained.of.iter().map(tree).collect::<Value>(),
    });
    if let (Some(object), Some(leaf)) = (told.as_object_mut(), &explained.leaf) {
        for (name, words) in [
            ("path", &leaf.path),
            ("what", &leaf.what),
            ("found", &leaf.found),
            ("remedy", &leaf.remedy),
        ] {
            object.insert(name.to_owned(), words.as_str().into());
        }
    }
    told
}
