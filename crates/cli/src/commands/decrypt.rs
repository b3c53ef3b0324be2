//! `stheno decrypt`: from an envelope and a wallet to the plaintext.

use std::time::Duration;

use serde_json::json;
use stheno::{Client, DecryptOptions, Decrypted, NetworkFile, Tuning};

use crate::{
    args::DecryptArgs,
    commands::policy,
    failure::{Failure, tally_json},
    input::{Input, same_file},
    interrupt, keys,
    output::Output,
    progress::Progress,
    say,
};

/// Runs the command.
///
/// # Errors
/// What keeps the plaintext from being written; a denial above all.
pub async fn run(args: DecryptArgs, as_json: bool) -> Result<(), Failure> {
    interrupt::listen();
    let mut options = DecryptOptions::default();
    if let Some(path) = &args.policy {
        options = options.policy(policy::load(path)?);
    }
    let network = args.network.as_ref().map(NetworkFile::load).transpose()?;
    let input = Input::open(&args.file)?;
    if same_file(&args.file, &args.output) {
        return Err(Failure::new("output_is_input", "the output is the input")
            .hint("give the plaintext a name of its own"));
    }
    let mut output = Output::create(&args.output, args.force)?;
    let beside_data = output.is_stdout();
    let reader = keys::reader(args.keystore.as_deref())?;

    let progress = Progress::new(as_json);
    progress.step("finding the committee");
    let client = client(&args, network).await?.with_tuning(Tuning {
        finality_patience: Duration::from_secs(args.wait),
        patience: Tuning::default()
            .patience
            .min(Duration::from_secs(args.wait)),
        ..Tuning::default()
    });
    let display = progress.clone();
    let options = options.observer(move |event| display.event(event));
    let bytes = progress.count(input.reader, input.len);
    let decrypted = client
        .decrypt_with(reader.as_ref(), bytes, &mut output, &options)
        .await;
    progress.finish();
    let decrypted = decrypted?;
    output.commit()?;
    tell(&args.output, &decrypted, as_json, beside_data);
    Ok(())
}

async fn client(args: &DecryptArgs, network: Option<NetworkFile>) -> Result<Client, Failure> {
    match network {
        Some(network) => Ok(Client::connect(network, &args.rpc).await?),
        None if args.rpc.is_empty() => {
            Err(
                Failure::new("rpc_missing", "no way to the committee's chain was given").hint(
                    "give --rpc URL, an endpoint of the chain that the envelope names (see `stheno \
                 inspect`), or --network FILE",
                ),
            )
        }
        None => Ok(Client::for_reading(&args.rpc)?),
    }
}

fn tell(output: &str, decrypted: &Decrypted, as_json: bool, beside_data: bool) {
    let tally = &decrypted.tally;
    if !as_json {
        for culprit in tally.culprits() {
            say::note(&format!("warning: {culprit}"));
        }
    }
    let object = json!({
        "output": output,
        "bytes": decrypted.plaintext_len,
        "network": decrypted.network.to_string(),
        "item": decrypted.item.to_string(),
        "threshold": tally.threshold,
        "nodes": tally_json(tally),
        "receipts": decrypted.receipts,
    });
    if beside_data {
        say::beside_data(as_json, &object);
        return;
    }
    let text = format!(
        "decrypted {} bytes into {output} with shares of {} of {} nodes",
        decrypted.plaintext_len,
        tally.shared(),
        tally.total(),
    );
    say::result(as_json, &text, &object);
}
