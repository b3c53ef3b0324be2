//! `stheno encrypt`: from a file and a policy to an envelope.

use serde_json::json;
use stheno::{
    Client, EncryptOptions, ItemId, NetworkFile,
    envelope::{ChunkSize, Cipher},
};

use crate::{
    args::{CipherArg, EncryptArgs},
    commands::policy,
    failure::Failure,
    input::{Input, same_file},
    interrupt,
    output::Output,
    progress::Progress,
    say,
};

/// Runs the command.
///
/// # Errors
/// What keeps the envelope from being written.
pub async fn run(args: EncryptArgs, as_json: bool) -> Result<(), Failure> {
    interrupt::listen();
    if args.file == "-" && args.policy.as_os_str() == "-" {
        return Err(Failure::new(
            "stdin_twice",
            "standard input cannot be both file and policy",
        )
        .hint("put the policy into a file"));
    }
    let policy = policy::load(&args.policy)?;
    let network = NetworkFile::load(&args.network)?;
    let mut options = options(&args)?;
    let input = Input::open(&args.file)?;
    if same_file(&args.file, &args.output) {
        return Err(Failure::new("output_is_input", "the output is the input")
            .hint("give the envelope a name of its own"));
    }
    let mut output = Output::create(&args.output, args.force)?.not_a_terminal()?;
    let beside_data = output.is_stdout();

    let name = network.name.clone();
    let progress = Progress::new(as_json);
    let client = match network.key()? {
        // The file carries the key that it pins: nobody needs to be asked.
        Some(_) => Client::offline(network)?,
        None => {
            progress.step("reading the network's key from the chain");
            Client::connect(network, &args.rpc).await?
        }
    };
    options.plaintext_len = input.len;
    let reader = progress.count(input.reader, input.len);
    progress.show_bytes("encrypting");
    let written = client.encrypt(&policy, reader, &mut output, options).await;
    progress.finish();
    let written = written?;
    output.commit()?;

    let object = json!({
        "output": args.output,
        "item": written.item.to_string(),
        "network": written.network.to_string(),
        "policyDigest": written.policy.to_string(),
        "cipher": cipher(args.cipher).to_string(),
        "plaintextBytes": written.plaintext_len,
        "envelopeBytes": written.envelope_len,
    });
    if beside_data {
        say::beside_data(as_json, &object);
        return Ok(());
    }
    let text = format!(
        "encrypted {} bytes into {} ({} bytes)\nitem      {}\nnetwork   {} ({name})\npolicy    {}",
        written.plaintext_len,
        args.output,
        written.envelope_len,
        written.item,
        written.network,
        written.policy,
    );
    say::result(as_json, &text, &object);
    Ok(())
}

fn options(args: &EncryptArgs) -> Result<EncryptOptions, Failure> {
    let mut options = EncryptOptions::default().cipher(cipher(args.cipher));
    options.hide_policy = args.hide_policy;
    if let Some(item) = &args.item {
        let item: ItemId = item.parse().map_err(|error| {
            Failure::new("bad_item", format_args!("--item: {error}"))
                .hint("an item is 0x and 64 hex digits")
        })?;
        options = options.item(item);
    }
    if let Some(bytes) = args.chunk_size {
        let size = ChunkSize::new(bytes).map_err(|error| Failure::new("bad_chunk_size", error))?;
        options = options.chunk_size(size);
    }
    Ok(options)
}

fn cipher(arg: CipherArg) -> Cipher {
    match arg {
        CipherArg::Aes256Gcm => Cipher::ChunkedAes256Gcm,
        CipherArg::ChaCha20Poly1305 => Cipher::ChunkedChaCha20Poly1305,
    }
}
