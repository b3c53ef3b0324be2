//! `stheno encrypt`: from a file, a policy and keys to an envelope.

pub(super) mod car;
pub(super) mod folder;

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use stheno::{
    EncryptOptions, Encryption, SealTo, Written,
    envelope::{ChunkSize, Cipher, PieceCid, PieceWriter, Value as Cbor, unixfs::Root},
};

use crate::{
    args::{CipherArg, EncryptArgs},
    commands::piece,
    failure::Failure,
    input::{self, Input, same_file},
    interrupt, key_file,
    output::Output,
    progress::Progress,
    recipients, say,
};

/// Runs the command.
///
/// # Errors
/// What keeps the envelope from being written.
pub async fn run(args: EncryptArgs, as_json: bool) -> Result<(), Failure> {
    interrupt::listen();
    check_stdin(&args)?;
    if Path::new(&args.file).is_dir() {
        return folder::run(&args, as_json).await;
    }
    folder::check_unused(&args.folder)?;
    car::check(&args)?;
    let progress = Progress::new(as_json);
    let mut options = options(&args)?;
    let to = recipients::recipients(&args.to, &args.rpc, &progress).await;
    let to = to.inspect_err(|_| progress.finish())?;
    let checked = recipients::check_item(&to, options.item, &args.rpc, &progress).await;
    progress.finish();
    checked?;
    if to.is_empty() && args.cek_file.is_none() {
        return Err(Failure::from(stheno::Error::NoRecipient).hint(
            "say who may read: --policy with --network, --also-to, --also-to-shared or --cek-file",
        ));
    }
    let mut input = Input::open(&args.file)?;
    if same_file(&args.file, &args.output) {
        return Err(Failure::new("output_is_input", "the output is the input")
            .hint("give the envelope a name of its own"));
    }
    let mut output = Output::create(&args.output, args.force)?.not_a_terminal()?;
    let beside_data = output.is_stdout();

    options.plaintext_len = input.len;
    let encryption = Encryption::prepare(&to, options)?;
    output.expect(encryption.envelope_len());
    let progress = Progress::new(as_json);
    let written = tokio::task::block_in_place(|| {
        write(encryption, &mut input, &mut output, &progress, args.piece)
    });
    progress.finish();
    let (written, piece) = written?;
    input.stamp.check()?;
    output.commit()?;
    let root = match &args.car {
        Some(car) => Some(car::of_file(&args.output, car, args.force, as_json)?),
        None => None,
    };
    let names = Names {
        piece: piece.as_ref(),
        root: root.as_ref(),
    };
    tell(&args, &to, &written, &names, as_json, beside_data);
    Ok(())
}

/// What storage calls an envelope.
struct Names<'a> {
    piece: Option<&'a PieceCid>,
    root: Option<&'a Root>,
}

/// Reads a file, and writes one, on all cores at once; anything else in order.
fn write(
    encryption: Encryption,
    input: &mut Input,
    output: &mut Output,
    progress: &Progress,
    named: bool,
) -> Result<(Written, Option<PieceCid>), Failure> {
    let file = input.file.as_ref().zip(input.len);
    let counted = file.map(|(file, len)| progress.count_at(file, len));
    let reader = progress.count(&mut input.reader, input.len);
    progress.show_bytes("encrypting");
    if named {
        let mut hashed = PieceWriter::new(&mut *output, None);
        let written = match &counted {
            Some(file) => encryption.write_at(file, &mut hashed),
            None => encryption.write(reader, &mut hashed),
        };
        let named = hashed.finish().map(|(piece, _)| piece);
        let written = written.map_err(|error| output.failure(error))?;
        return Ok((written, Some(named.map_err(piece::too_small)?)));
    }
    let written = match &counted {
        Some(file) if output.appears_at_the_end() => encryption.write_file(file, &*output),
        Some(file) => encryption.write_at(file, &mut *output),
        None => encryption.write(reader, &mut *output),
    };
    Ok((written.map_err(|error| output.failure(error))?, None))
}

fn tell(
    args: &EncryptArgs,
    to: &[SealTo],
    written: &Written,
    names: &Names<'_>,
    as_json: bool,
    beside_data: bool,
) {
    let warning = recipients::header_warning(&written.header);
    if let Some(warning) = warning.as_ref().filter(|_| !as_json) {
        say::note(&format!("warning: {warning}"));
    }
    let networks: Vec<(String, String, &str)> = to
        .iter()
        .filter_map(|to| match to {
            SealTo::Network { network, policy } => Some((
                network.file().network_id().to_string(),
                policy.digest().to_string(),
                network.file().name.as_str(),
            )),
            _ => None,
        })
        .collect();
    let mut object = json!({
        "output": args.output,
        "cipher": cipher(args.cipher).to_string(),
        "plaintextBytes": written.plaintext_len,
        "envelopeBytes": written.envelope_len,
        "headerBytes": written.header.as_bytes().len(),
        "recipients": written.header.recipients().len(),
        "item": written.item.map(|item| item.to_string()),
        "networks": networks.iter().map(|(network, policy, name)| json!({
            "network": network, "policyDigest": policy, "name": name,
        })).collect::<Vec<Value>>(),
        "warning": warning,
    });
    // The common case, one network, without a list.
    if let (Some((network, policy, _)), Some(object)) = (networks.first(), object.as_object_mut()) {
        object.insert("network".to_owned(), json!(network));
        object.insert("policyDigest".to_owned(), json!(policy));
    }
    if let Some(piece) = names.piece {
        piece::add_to(&mut object, piece);
    }
    if let Some(root) = names.root {
        car::add_to(&mut object, args.car.as_deref(), root);
    }
    if beside_data {
        say::beside_data(as_json, &object);
        return;
    }
    let mut text = format!(
        "encrypted {} bytes into {} ({} bytes)\n",
        written.plaintext_len, args.output, written.envelope_len,
    );
    if let Some(item) = &written.item {
        text += &format!("item      {item}\n");
    }
    for (network, policy, name) in &networks {
        text += &format!("network   {network} ({name})\npolicy    {policy}\n");
    }
    for to in to {
        text += &match to {
            SealTo::X25519(key) => format!("key       {key}\n"),
            SealTo::Shared(_) => "key       a shared one\n".to_owned(),
            _ => continue,
        };
    }
    if let Some(piece) = names.piece {
        text += &format!("piece     {piece}\n");
    }
    if let Some(root) = names.root {
        text += &format!("root      {}\n", root.cid);
    }
    if written.header.recipients().is_empty() {
        text += "key       the given one alone opens it\n";
    }
    say::result(as_json, &text, &object);
}

fn options(args: &EncryptArgs) -> Result<EncryptOptions, Failure> {
    let mut options = shape(args.cipher, args.chunk_size)?;
    options.hide_policy = args.to.hide_policy;
    options.item = recipients::item(&args.to)?;
    if let Some(path) = &args.metadata {
        options = options.metadata(metadata(path)?);
    }
    if let Some(path) = &args.cek_file {
        options = options.cek(key_file::cek(path)?);
    }
    Ok(options)
}

/// How the body of an envelope is written.
///
/// # Errors
/// When chunks of this size are not written.
pub(super) fn shape(by: CipherArg, chunk_size: Option<u32>) -> Result<EncryptOptions, Failure> {
    let options = EncryptOptions::default().cipher(cipher(by));
    let Some(bytes) = chunk_size else {
        return Ok(options);
    };
    let size = ChunkSize::new(bytes).map_err(|error| {
        Failure::new("bad_chunk_size", error).hint("powers of two are usual, such as 1048576")
    })?;
    Ok(options.chunk_size(size))
}

/// A JSON object as the CBOR map that envelopes carry.
fn metadata(path: &Path) -> Result<Cbor, Failure> {
    let text = input::text(path)?;
    let fault = |why: String| {
        Failure::new("bad_metadata", format_args!("{}: {why}", path.display()))
            .hint("metadata is a JSON object, such as { \"title\": \"Gorgons\" }")
    };
    let object: serde_json::Map<String, Value> =
        serde_json::from_str(&text).map_err(|error| fault(error.to_string()))?;
    Cbor::serialized(&object).map_err(|error| fault(error.to_string()))
}

fn check_stdin(args: &EncryptArgs) -> Result<(), Failure> {
    let files = args.to.policy.iter().chain(&args.to.also_to_shared);
    let files = files.chain(args.cek_file.iter().chain(&args.metadata));
    input::stdin_once(files.map(PathBuf::as_path).chain([Path::new(&args.file)]))
}

/// The body cipher of an argument.
fn cipher(arg: CipherArg) -> Cipher {
    match arg {
        CipherArg::Aes256Gcm => Cipher::ChunkedAes256Gcm,
        CipherArg::ChaCha20Poly1305 => Cipher::ChunkedChaCha20Poly1305,
        CipherArg::Aes256GcmWhole => Cipher::Aes256Gcm,
    }
}
