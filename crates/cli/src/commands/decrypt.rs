//! `stheno decrypt`: from an envelope and a key or a wallet to the plaintext.

use serde_json::json;
use stheno::{Error, NetworkFile, envelope::Decryptor};

use crate::{
    args::DecryptArgs,
    commands::policy,
    failure::Failure,
    input::same_file,
    interrupt,
    opening::{Granted, Opening},
    output::Output,
    progress::Progress,
    say,
    sealed::Sealed,
};

/// Runs the command.
///
/// # Errors
/// What keeps the plaintext from being written; a denial above all.
pub async fn run(args: DecryptArgs, as_json: bool) -> Result<(), Failure> {
    interrupt::listen();
    let opening = Opening {
        args: &args.opening,
        rpc: &args.rpc,
        network: args.network.as_ref().map(NetworkFile::load).transpose()?,
        policy: args.policy.as_deref().map(policy::load).transpose()?,
    };
    opening.check_stdin(&args.file)?;
    let body = args.body.as_ref().map(|path| path.display().to_string());
    if [Some(&args.file), body.as_ref()]
        .into_iter()
        .flatten()
        .any(|input| same_file(input, &args.output))
    {
        return Err(Failure::new("output_is_input", "the output is the input")
            .hint("give the plaintext a name of its own"));
    }
    let sealed = tokio::task::block_in_place(|| Sealed::open(&args.file, args.body.as_deref()))?;
    let mut output = Output::create(&args.output, args.force)?;
    let beside_data = output.is_stdout();
    output.expect(sealed.plaintext_len());

    let progress = Progress::new(as_json);
    let granted = opening.open(&sealed.header, &progress).await;
    let granted = granted.inspect_err(|_| progress.finish())?;
    let decryptor = Decryptor::new(&sealed.header, granted.cek())?;
    let body = progress.count(sealed.body, sealed.body_len);
    progress.show_bytes("decrypting");
    let decrypted = tokio::task::block_in_place(|| decryptor.decrypt(body, &mut output));
    progress.finish();
    let decrypted = decrypted.map_err(|error| output.failure(Error::from(error)))?;
    output.commit()?;
    tell(
        &args.output,
        decrypted.plaintext_len,
        &granted,
        as_json,
        beside_data,
    );
    Ok(())
}

fn tell(output: &str, bytes: u64, granted: &Granted, as_json: bool, beside_data: bool) {
    if !as_json {
        granted.warn_of_culprits();
    }
    let mut object = json!({ "output": output, "bytes": bytes });
    granted.add_to(&mut object);
    if beside_data {
        say::beside_data(as_json, &object);
        return;
    }
    let text = format!("decrypted {bytes} bytes into {output} {}", granted.words());
    say::result(as_json, &text, &object);
}
