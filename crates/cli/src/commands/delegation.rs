//! `stheno delegation`: somebody else's key asks for an account for days.

use std::path::Path;

use serde_json::Value;
use stheno::{Error, Grant, NetworkFile};

use crate::{
    args::{DelegationCommand, DelegationNewArgs, DelegationShowArgs, DelegationSignArgs},
    consent::{self, Told},
    delegation_file::{DelegationFile, bad},
    failure::Failure,
    interrupt, keys,
    output::Output,
    say,
};

/// Runs the command.
///
/// # Errors
/// What keeps the delegation from being made, signed or read.
pub async fn run(command: DelegationCommand, as_json: bool) -> Result<(), Failure> {
    match command {
        DelegationCommand::New(args) => new(&args, as_json).await,
        DelegationCommand::Sign(args) => sign(args, as_json),
        DelegationCommand::Show(args) => show(&args, as_json),
    }
}

async fn new(args: &DelegationNewArgs, as_json: bool) -> Result<(), Failure> {
    interrupt::listen();
    let network = NetworkFile::load(&args.network)?;
    let domain = network.domain();
    let scope = consent::scope(&args.scope)?;
    let now = consent::now();
    let owner = match args.unsigned {
        true => None,
        false => Some(keys::owner(&args.wallet)?),
    };
    let account = match &owner {
        None => consent::account_elsewhere(&args.wallet, domain.chain_id)?,
        Some(owner) => owner.account(domain.chain_id).ok_or(Error::WalletNeeded)?,
    };
    let draft = Grant::draft(account, args.to.0, scope, now, args.expires.0)?;
    let checked = draft.delegation().check_form(now);
    checked.map_err(|problem| consent::refused(&problem))?;
    let output = Output::create(&args.output, args.force)?;
    let grant = match &owner {
        None => draft,
        Some(owner) => draft.signed_by(owner.as_ref(), &domain).await?,
    };
    let beside_data = output.is_stdout();
    let file = DelegationFile::new(&network, grant);
    file.write(output)?;
    let mut object = told(&file.grant).json();
    let typed_data = args.unsigned.then(|| file.grant.typed_data(&domain));
    if let Some(object) = object.as_object_mut() {
        object.insert("output".to_owned(), args.output.clone().into());
        if let Some(typed_data) = &typed_data {
            object.insert("typedData".to_owned(), typed_data.clone());
        }
    }
    if beside_data {
        say::beside_data(as_json, &object);
        return Ok(());
    }
    let text = match &typed_data {
        // The typed data alone, so that it can go to what signs it.
        Some(typed_data) => pretty(typed_data),
        None => told(&file.grant).text(),
    };
    say::result(as_json, &text, &object);
    if args.unsigned && !as_json {
        say::note(&format!(
            "\nSign this as {} by eth_signTypedData_v4, then run\n  stheno delegation sign {} \
             --signature 0x…",
            account.address, args.output
        ));
    }
    Ok(())
}

fn sign(args: DelegationSignArgs, as_json: bool) -> Result<(), Failure> {
    interrupt::listen();
    let path = Path::new(&args.file);
    let mut file = DelegationFile::load(path)?;
    let domain = file.domain();
    let signed = file.grant.clone().signed(args.signature, &domain);
    file.grant = signed.map_err(|error| bad(path, &error))?;
    file.write(Output::create(&args.file, true)?)?;
    let told = told(&file.grant);
    say::result(as_json, &told.text(), &told.json());
    Ok(())
}

fn show(args: &DelegationShowArgs, as_json: bool) -> Result<(), Failure> {
    let file = DelegationFile::load(Path::new(&args.file))?;
    let told = told(&file.grant);
    let (mut text, mut object) = (told.text(), told.json());
    if !file.grant.is_signed() {
        let typed_data = file.grant.typed_data(&file.domain());
        text += &format!("\nThe typed data to sign:\n\n{}", pretty(&typed_data));
        if let Some(object) = object.as_object_mut() {
            object.insert("typedData".to_owned(), typed_data);
        }
    }
    say::result(as_json, &text, &object);
    Ok(())
}

fn pretty(typed_data: &Value) -> String {
    // A JSON value always has a text.
    serde_json::to_string_pretty(typed_data).unwrap_or_default()
}

fn told(grant: &Grant) -> Told<'_> {
    let delegation = grant.delegation();
    Told {
        account: grant.account(),
        key: delegation.delegate.to_string(),
        scope: &delegation.scope,
        expires_at: delegation.expires_at,
        is_signed: grant.is_signed(),
    }
}
