//! `stheno access create` and `begin`: ids to seal files to.

use std::{
    io::Write,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use stheno::{
    Error, Policy,
    access::{AccessError, AccessRegistry, Changes, Sealing, Terms, fresh_salt},
    chain::Sent,
    envelope::EnvelopeError,
    protocol::B256,
};

use super::{
    reach::{Reached, connect, sent_json},
    terms,
};
use crate::{
    args::{AccessBeginArgs, AccessCreateArgs},
    commands::policy::as_value,
    failure::Failure,
    output::Output,
    progress::Progress,
    say,
};

/// Between two looks whether something is final.
const LOOK: Duration = Duration::from_millis(500);

/// Runs `stheno access create`.
///
/// # Errors
/// What keeps the id from being registered.
pub(super) async fn run(args: &AccessCreateArgs, as_json: bool) -> Result<(), Failure> {
    let wished = terms::wished(&args.terms)?;
    let reached = connect(&args.registry).await?;
    let sender = reached.sender(&args.sender)?;
    let registry = &reached.registry;
    let output = opened(args.output.as_deref(), args.force)?;
    let salt = match args.salt {
        Some(salt) => salt,
        None => fresh_salt()?,
    };
    let owner = sender.address();
    let id = match args.collection {
        true => registry.collection_id(owner, salt),
        false => B256::from(*registry.item_id(owner, salt).as_bytes()),
    };
    let created = Created {
        collection: args.collection,
        id,
        owner,
        salt,
    };
    if !as_json {
        say::note(&format!("salt {salt}: the same command with it goes on"));
    }
    let terms = wished.flatten();
    let sent = created.register(&reached, &sender, terms.as_ref(), as_json);
    let sent = sent.await?;
    if sent.is_none() {
        let found = registry.clone().at_head().terms(id).await?;
        if terms.is_some() && found != terms {
            say::note("note: it has other terms; `stheno access set` changes them");
        }
    }
    let is_final = created
        .wait_until_final(registry, args.wait, as_json)
        .await?;
    let policy = registry.policy()?;
    write(output, &policy)?;
    created.tell(&policy, sent.as_ref(), is_final, as_json);
    Ok(())
}

/// An id of the sender's.
struct Created {
    collection: bool,
    id: B256,
    owner: stheno::protocol::Address,
    salt: B256,
}

impl Created {
    /// Registers the id, unless that was done before.
    async fn register(
        &self,
        reached: &Reached,
        sender: &stheno::chain::Sender,
        terms: Option<&Terms>,
        as_json: bool,
    ) -> Result<Option<Sent>, Failure> {
        let (id, newest) = (self.id, reached.registry.clone().at_head());
        if let Some(found) = newest.find(id).await? {
            return match found.owner == self.owner {
                true => Ok(None),
                false => Err(AccessError::ChangedHands {
                    id,
                    owner: found.owner,
                }
                .into()),
            };
        }
        let mut changes = match self.collection {
            true => Changes::new().create_collection(self.salt),
            false => Changes::new().register(self.salt),
        };
        if terms.is_some() {
            changes = changes.set_terms(id, terms)?;
        }
        reached.send(sender, &changes, as_json).await.map(Some)
    }

    async fn wait_until_final(
        &self,
        registry: &AccessRegistry,
        seconds: u64,
        as_json: bool,
    ) -> Result<bool, Failure> {
        let found = until_final(seconds, as_json, async || registry.find(self.id).await);
        Ok(found.await?.is_some())
    }

    fn tell(&self, policy: &Policy, sent: Option<&Sent>, is_final: bool, as_json: bool) {
        let kind = if self.collection {
            "collection"
        } else {
            "item"
        };
        let mut text = format!(
            "{kind:<12}{}\nowner       {}\nsalt        {}\n",
            self.id, self.owner, self.salt
        );
        if sent.is_none() {
            text += "state       was registered before\n";
        }
        if !is_final {
            text += "state       not final yet; seal to it when `stheno access show` finds it\n";
        }
        text += &format!("policy      {policy}\n", policy = as_value(policy));
        let object = json!({
            "kind": kind,
            "id": self.id,
            "owner": self.owner,
            "salt": self.salt,
            "already": sent.is_none(),
            "final": is_final,
            "policy": as_value(policy),
        });
        say::result(as_json, &text, &merged(object, sent));
    }
}

/// Runs `stheno access begin`.
///
/// # Errors
/// What keeps the period from beginning, or its item from being told.
pub(super) async fn begin(args: &AccessBeginArgs, as_json: bool) -> Result<(), Failure> {
    let reached = connect(&args.registry).await?;
    let sender = reached.sender(&args.sender)?;
    let output = opened(args.output.as_deref(), args.force)?;
    let (registry, newest) = (&reached.registry, reached.registry.clone().at_head());
    let changes = Changes::new().begin(args.id, fresh_salt()?);
    let sent = reached.send(&sender, &changes, as_json).await?;
    let begun = newest.periods(args.id).await?;
    let number = begun.last().map_or(1, |period| period.number);
    let sealing = until_final(args.wait, as_json, async || {
        match registry.period(args.id, number).await {
            Ok(period) => Ok(Some(period)),
            Err(AccessError::NoPeriod { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    });
    let not_yet = || AccessError::NoPeriod {
        collection: args.id,
        number,
    };
    sealing.await?.ok_or_else(not_yet)?;
    let Sealing { policy, item, .. } = registry.period_to_seal(args.id, number).await?;
    write(output, &policy)?;
    let text = format!(
        "item        {item}\nperiod      {number} of {}\npolicy      {}\n",
        args.id,
        as_value(&policy)
    );
    let object = json!({
        "kind": "period",
        "id": item.to_string(),
        "collection": args.id,
        "number": number,
        "policy": as_value(&policy),
    });
    say::result(as_json, &text, &merged(object, Some(&sent)));
    Ok(())
}

/// Asks again and again until there is something, for so many seconds.
async fn until_final<T>(
    seconds: u64,
    as_json: bool,
    look: impl AsyncFn() -> Result<Option<T>, AccessError>,
) -> Result<Option<T>, Failure> {
    let until = Instant::now() + Duration::from_secs(seconds);
    let progress = Progress::new(as_json);
    progress.step("waiting until it is final");
    let found = loop {
        match look().await {
            Ok(None) if Instant::now() < until => tokio::time::sleep(LOOK).await,
            end => break end,
        }
    };
    progress.finish();
    Ok(found?)
}

fn opened(path: Option<&str>, force: bool) -> Result<Option<Output>, Failure> {
    let output = path.map(|path| Output::create(path, force)).transpose()?;
    match &output {
        Some(output) if output.is_stdout() => Err(Failure::new(
            "usage",
            "the policy is printed already; standard output is taken",
        )
        .hint("give a file with -o, or leave it out")),
        _ => Ok(output),
    }
}

fn write(output: Option<Output>, policy: &Policy) -> Result<(), Failure> {
    let Some(mut output) = output else {
        return Ok(());
    };
    if let Err(error) = writeln!(output, "{}", policy.to_json()) {
        return Err(output.failure(Error::from(EnvelopeError::Write(error))));
    }
    Ok(output.commit()?)
}

/// The object, with the transaction's fields where there is one.
pub(super) fn merged(mut object: Value, sent: Option<&Sent>) -> Value {
    let sent = sent.map(sent_json);
    if let (Some(fields), Some(Value::Object(more))) = (object.as_object_mut(), sent) {
        fields.extend(more);
    }
    object
}
