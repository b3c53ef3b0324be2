//! `stheno sell`: from a folder to a link by which others buy it.

use std::{fs, path::Path};

use serde_json::{Value, json};
use stheno::{
    NetworkFile, PinnedNetwork, SealTo,
    collection::{
        CollectionOptions, Link, LinkKind, Oddities, encrypt_folder, latest_manifest, unfinished,
    },
    envelope::{Header, Recipient},
    ledger::RpcLedger,
    market::{Asked, Currencies, Licence, SaleLink, Seller, Step, Wares},
    protocol::{B256, U256},
};

use super::{
    access::sender,
    encrypt::{
        folder::{limits, now},
        shape,
    },
    put::{self, Parcel},
};
use crate::{
    args::SellArgs, failure::Failure, input::unreadable, interrupt, progress::Progress, recipients,
    sale_file::SaleFile, say,
};

/// Runs the command.
///
/// # Errors
/// What keeps the folder from being sold. Called again for the same, it goes on.
pub async fn run(args: SellArgs, as_json: bool) -> Result<(), Failure> {
    interrupt::listen();
    put::check_places(&args.to)?;
    let network = NetworkFile::load(&args.network)?;
    let currencies = Currencies::of(&network);
    let price = currencies.parse(&args.price)?;
    let licence = match &args.licence {
        Some(path) => {
            let text = fs::read(path).map_err(|e| unreadable(&path.to_string_lossy(), &e))?;
            Licence::of(&text).hash()
        }
        None => B256::ZERO,
    };
    let progress = Progress::new(as_json);
    progress.step("finding the market");
    let chain = RpcLedger::of_network(&network, &args.rpc)
        .chain(network.chain_id)
        .await
        .map_err(stheno::Error::from)?;
    let seller = Seller::new(sender(chain, &args.sender)?, &network)?;
    let asked = Asked {
        price,
        payee: args.payee.unwrap_or(seller.address()),
        licence,
        duration: args.lasts.map_or(u64::MAX, |span| span.0),
        expires: u64::MAX,
    };
    let job = Job {
        args: &args,
        network,
        seller,
        asked,
        progress: &progress,
    };
    let sold = job.run().await;
    progress.finish();
    let sold = sold?;
    sold.tell(&args, &currencies, &asked, as_json);
    Ok(())
}

struct Job<'a> {
    args: &'a SellArgs,
    network: NetworkFile,
    seller: Seller,
    asked: Asked,
    progress: &'a Progress,
}

struct Sold {
    item: stheno::ItemId,
    encrypted: bool,
    pieces: usize,
    bytes: u64,
    steps: [(&'static str, Step); 3],
    link: SaleLink,
}

impl Job<'_> {
    async fn run(&self) -> Result<Sold, Failure> {
        let output = Path::new(&self.args.output);
        if !self.args.folder.is_dir() {
            let shown = self.args.folder.display();
            return Err(Failure::new("usage", format_args!("{shown} is no folder"))
                .hint("what is sold is a folder; one file sells in a folder of its own"));
        }
        fs::create_dir_all(output).map_err(|e| unreadable(&self.args.output, &e))?;
        let sale = SaleFile::of(output, self.network.chain_id, &self.seller)?;
        let item = sale.item();
        let encrypted = self.encrypt(output, &sale).await?;
        let limits = limits(self.args.max_piece.map(|size| size.0))?;
        self.progress.step("naming pieces");
        let parcel = tokio::task::block_in_place(|| Parcel::of(output, limits))?;
        let (named, bytes) = (parcel.named.clone(), parcel.bytes());
        let [manifest] = named.as_slice() else {
            return Err(Failure::new("usage", "the manifest is larger than a piece")
                .hint("sell the folder in parts"));
        };
        let wares = Wares {
            title: self.title()?,
            manifest: *manifest,
            bytes,
            network: self.network.network_id(),
            data_set: U256::from(self.args.data_set.unwrap_or_default()),
        };
        let stored = put::store(parcel, &self.args.to, self.args.parallel, self.progress).await?;

        // Registered last of all that is slow, and listed when everything else is there.
        self.progress.step("registering the item");
        let registered = self.seller.register(sale.salt).await?;
        self.progress.step("setting the price");
        let priced = self.seller.set_price(&item, &self.asked).await?;
        self.progress.step("listing it");
        let listed = self.seller.list(&item, &wares).await?;
        let places = self.args.at.iter().chain(&self.args.to);
        Ok(Sold {
            item,
            encrypted,
            pieces: stored.pieces,
            bytes,
            steps: [
                ("registered", registered),
                ("priced", priced),
                ("listed", listed),
            ],
            link: SaleLink {
                chain: self.network.chain_id,
                catalogue: self.seller.market().catalogue,
                listed: B256::from(*item.as_bytes()),
                folder: Link {
                    kind: LinkKind::Collection,
                    pieces: named,
                    places: places.cloned().collect(),
                },
            },
        })
    }

    /// Encrypts the folder to the item, unless that was done.
    async fn encrypt(&self, output: &Path, sale: &SaleFile) -> Result<bool, Failure> {
        if let Some((_, manifest)) = latest_manifest(output)? {
            let shown = manifest.display().to_string();
            let mut file = fs::File::open(&manifest).map_err(|e| unreadable(&shown, &e))?;
            let header = Header::read(&mut file)?;
            let sealed = |recipient: &Recipient| match recipient {
                Recipient::Threshold(recipient) => *recipient.item() == sale.item(),
                _ => false,
            };
            if header.recipients().iter().any(sealed) {
                return Ok(false);
            }
            return Err(Failure::new(
                "other_sale",
                format_args!("{} is sealed to something else", output.display()),
            )
            .hint("give an output folder that holds nothing yet"));
        }
        let policy = self.seller.policy()?;
        let pinned: PinnedNetwork =
            recipients::pinned(self.network.clone(), &self.args.rpc, self.progress).await?;
        let mut to = vec![SealTo::network(pinned, policy)];
        to.extend(recipients::also_to(&self.args.also_to)?);
        let mut options = CollectionOptions::default();
        options.encrypt = shape(self.args.cipher, None)?;
        options.encrypt.item = Some(sale.item());
        options.limits = limits(self.args.max_piece.map(|size| size.0))?;
        options.hints = self.args.at.iter().filter_map(|at| at.hint()).collect();
        options.observer = Some(self.progress.of_files("encrypting"));
        if self.args.skip {
            options.oddities = Oddities::Skip;
        }
        interrupt::remove_on_exit(&unfinished(output));
        let folder = &self.args.folder;
        tokio::task::block_in_place(|| encrypt_folder(folder, output, &to, &options, now()?))?;
        Ok(true)
    }

    fn title(&self) -> Result<String, Failure> {
        let folder = &self.args.folder;
        let title = self.args.title.clone().or_else(|| {
            let path = folder.canonicalize().ok()?;
            Some(path.file_name()?.to_str()?.to_owned())
        });
        let title = title.filter(|title| (1..=128).contains(&title.len()));
        title.ok_or_else(|| {
            Failure::new("usage", "the title is none, or longer than 128 bytes")
                .hint("give one with --title TEXT; everybody sees it")
        })
    }
}

impl Sold {
    fn tell(&self, args: &SellArgs, currencies: &Currencies, asked: &Asked, as_json: bool) {
        let link = self.link.to_string();
        let transactions = |(name, step): &(&str, Step)| {
            let hash = match step {
                Step::Done(sent) => json!(sent.hash),
                Step::Already => Value::Null,
            };
            ((*name).to_owned(), hash)
        };
        let object = json!({
            "link": link,
            "item": self.item.to_string(),
            "output": args.output,
            "encrypted": self.encrypted,
            "pieces": self.pieces,
            "bytes": self.bytes,
            "price": { "token": asked.price.token, "amount": asked.price.units.to_string() },
            "payee": asked.payee,
            "transactions": self.steps.iter().map(transactions).collect::<serde_json::Map<_, _>>(),
        });
        if !as_json {
            let again = |done: bool| if done { "" } else { ", as before" };
            let step = |at: usize| again(matches!(self.steps.get(at), Some((_, Step::Done(_)))));
            let price = currencies.show(asked.price);
            say::note(&format!(
                "encrypted {} into {}{}\nstored    {} pieces, {} bytes\nitem      {}{}\nprice     \
                 {price}, paid to {}{}\nlisted    in catalogue {}{}",
                args.folder.display(),
                args.output,
                again(self.encrypted),
                self.pieces,
                self.bytes,
                self.item,
                step(0),
                asked.payee,
                step(1),
                self.link.catalogue,
                step(2),
            ));
        }
        say::result(as_json, &link, &object);
    }
}
