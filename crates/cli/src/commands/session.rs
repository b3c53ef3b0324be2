//! `stheno session`: a key that asks for an account for an hour, after one signature.

use std::path::Path;

use stheno::{
    AskingKey, Error, NetworkFile, SessionDraft, SessionOptions,
    protocol::{Account, siwe::Message},
};

use crate::{
    args::{SessionCommand, SessionNewArgs, SessionShowArgs, SessionSignArgs},
    consent::{self, Told},
    failure::Failure,
    interrupt, keys,
    output::Output,
    say,
    session_file::{self, SessionFile},
};

/// Runs the command.
///
/// # Errors
/// What keeps the session from being made, signed or read.
pub async fn run(command: SessionCommand, as_json: bool) -> Result<(), Failure> {
    match command {
        SessionCommand::New(args) => new(&args, as_json).await,
        SessionCommand::Sign(args) => sign(args, as_json),
        SessionCommand::Show(args) => show(&args, as_json),
    }
}

async fn new(args: &SessionNewArgs, as_json: bool) -> Result<(), Failure> {
    interrupt::listen();
    let network = NetworkFile::load(&args.network)?;
    let domain = network.domain();
    let scope = consent::scope(&args.scope)?;
    let owner = match args.unsigned {
        true => None,
        false => Some(keys::owner(&args.wallet)?),
    };
    let account: Account = match &owner {
        None => consent::account_elsewhere(&args.wallet, domain.chain_id)?,
        Some(owner) => owner.account(domain.chain_id).ok_or(Error::WalletNeeded)?,
    };
    let options = SessionOptions {
        lifetime: args.expires.0,
        ..SessionOptions::for_an_hour(args.origin.clone(), &domain, scope, consent::now())
    };
    let output = Output::create_secret(&args.output, args.force)?;
    let key = AskingKey::random(args.key_type.into())?;
    let draft = SessionDraft::new(account, &key, options)?;
    draft
        .check(consent::now())
        .map_err(|problem| consent::refused(&problem))?;
    let signature = match &owner {
        None => None,
        Some(owner) => Some(owner.sign_message(draft.message()).await?),
    };
    let file = SessionFile {
        draft,
        signature,
        key,
    };
    let beside_data = output.is_stdout();
    file.write(output)?;
    let mut object = told(&file.draft, file.signature.is_some()).json();
    if let Some(object) = object.as_object_mut() {
        object.insert("output".to_owned(), args.output.clone().into());
        object.insert(
            "message".to_owned(),
            file.draft.message().to_string().into(),
        );
    }
    if beside_data {
        say::beside_data(as_json, &object);
        return Ok(());
    }
    let text = match args.unsigned {
        // The message alone, so that it can go to what signs it.
        true => file.draft.message().to_string(),
        false => told(&file.draft, true).text(),
    };
    say::result(as_json, &text, &object);
    if args.unsigned && !as_json {
        say::note(&unsigned(account, file.draft.message(), &args.output));
    }
    Ok(())
}

fn unsigned(account: Account, message: &Message, output: &str) -> String {
    let until = message.expiration_time.as_ref();
    let until = until.map(ToString::to_string).unwrap_or_default();
    format!(
        "\nSign this message as {} by personal_sign, without a line break at its end, then run\n  \
         stheno session sign {output} --signature 0x…\nIt ends at {until}.",
        account.address
    )
}

fn sign(args: SessionSignArgs, as_json: bool) -> Result<(), Failure> {
    interrupt::listen();
    let path = Path::new(&args.file);
    let mut file = SessionFile::load(path)?;
    // What nodes would refuse as another's signature is not kept.
    let checked = file.draft.check_signature(&args.signature);
    checked.map_err(|error| session_file::bad(path, &error))?;
    file.signature = Some(args.signature);
    file.write(Output::create_secret(&args.file, true)?)?;
    let told = told(&file.draft, true);
    say::result(as_json, &told.text(), &told.json());
    Ok(())
}

fn show(args: &SessionShowArgs, as_json: bool) -> Result<(), Failure> {
    let file = SessionFile::load(Path::new(&args.file))?;
    let told = told(&file.draft, file.signature.is_some());
    let message = file.draft.message().to_string();
    let mut object = told.json();
    if let Some(object) = object.as_object_mut() {
        object.insert("message".to_owned(), message.clone().into());
    }
    let text = match file.signature {
        Some(_) => told.text(),
        None => format!("{}\nThe message to sign:\n\n{message}", told.text()),
    };
    say::result(as_json, &text, &object);
    Ok(())
}

fn told(draft: &SessionDraft, is_signed: bool) -> Told<'_> {
    let terms = draft.terms();
    Told {
        account: draft.account(),
        key: terms.key.to_string(),
        scope: &terms.scope,
        expires_at: terms.expires_at,
        is_signed,
    }
}
