//! `stheno buy`: see what a link sells and what it takes, pay, and decrypt.

use std::{
    fmt::Write as _,
    fs,
    io::{self, IsTerminal, Write},
    path::Path,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use stheno::{
    NetworkFile, Wallet,
    chain::Sent,
    collection::{ExtractOptions, unfinished},
    envelope::{EnvelopeError, manifest::Entry},
    ledger::RpcLedger,
    market::{Deal, Licence, MarketError, Money, Offer, SaleLink, Shop, look, subject_of},
    protocol::{Address, Bytes},
};

use crate::{
    args::BuyArgs,
    consent,
    failure::Failure,
    input::unreadable,
    interrupt, keys,
    located::{Located, Places},
    opening::{Opening, add_released, warn_of_culprits},
    output::Output,
    progress::Progress,
    say,
};

/// How often it is looked whether a purchase is final.
const LOOK: Duration = Duration::from_secs(1);

/// Runs the command.
///
/// # Errors
/// What keeps it from being bought or read. Nothing is paid for what is not certain.
pub async fn run(args: BuyArgs, as_json: bool) -> Result<(), Failure> {
    interrupt::listen();
    let link: SaleLink = args.link.parse()?;
    let network = args.network.as_ref().map(NetworkFile::load).transpose()?;
    let wallet = keys::needed(&args.opening.asker.wallet)?;
    let progress = Progress::new(as_json);
    let buying = Buying::open(&args, &link, network, wallet, &progress).await;
    let done = match buying {
        Ok(buying) => buying.run(as_json).await,
        Err(failure) => Err(failure),
    };
    progress.finish();
    done
}

struct Buying<'a> {
    args: &'a BuyArgs,
    link: &'a SaleLink,
    network: Option<NetworkFile>,
    wallet: Wallet,
    shop: Shop,
    reader: Address,
    progress: &'a Progress,
}

impl<'a> Buying<'a> {
    async fn open(
        args: &'a BuyArgs,
        link: &'a SaleLink,
        network: Option<NetworkFile>,
        wallet: Wallet,
        progress: &'a Progress,
    ) -> Result<Self, Failure> {
        progress.step("finding the market");
        let ledger = match &network {
            Some(network) => RpcLedger::of_network(network, &args.rpc),
            None => RpcLedger::new(args.rpc.iter().cloned()),
        };
        let chain = ledger.chain(link.chain).await;
        let chain = chain.map_err(stheno::Error::from)?;
        let shop = Shop::open(chain, link.catalogue, network.as_ref()).await;
        let account = args.opening.asker.wallet.account;
        Ok(Self {
            args,
            link,
            network,
            reader: args.reader.or(account).unwrap_or(wallet.address()),
            wallet,
            shop: shop?,
            progress,
        })
    }

    async fn run(&self, as_json: bool) -> Result<(), Failure> {
        let deal = self.deal().await?;
        self.progress.finish();
        let mut object = self.object(&deal);
        if !as_json {
            say::note(&self.shown(&deal));
        }
        if self.args.dry_run {
            say::result(as_json, "nothing was paid", &object);
            return Ok(());
        }
        if let Some(offer) = &deal.offer {
            let consent = self.consent(offer).await?;
            self.agree(&deal, offer)?;
            if let Some(path) = &self.args.sign {
                return self.sign(path, offer, consent, &mut object, as_json).await;
            }
            self.progress.step("paying");
            let sender = self.wallet.sender(self.shop.chain().clone());
            let sent = self.shop.pay(&sender, offer, consent).await?;
            if !as_json {
                let (hash, block) = (sent.hash, sent.block.number);
                say::note(&format!("paid      transaction {hash}, block {block}"));
            }
            add(&mut object, "transaction", json!(sent.hash));
            self.wait(&deal, &sent).await?;
        }
        let text = match &self.args.output {
            Some(output) => self.read(output, &mut object).await?,
            None => format!(
                "{} may read it: `stheno buy` with -o FOLDER, or `stheno decrypt {}`",
                self.reader, self.link.folder
            ),
        };
        say::result(as_json, &text, &object);
        Ok(())
    }

    /// What the link sells, and that it is there.
    async fn deal(&self) -> Result<Deal, Failure> {
        self.progress.step("reading the listing");
        let listing = self.shop.listing(self.link.listed).await?;
        self.progress.step("looking at what is stored");
        let places = Places {
            from: &self.args.from,
            gateways: &[],
        };
        let mut stores = places.stores()?;
        for place in &self.link.folder.places {
            stores.push(place.store(false)?);
        }
        let header = look(&listing, &self.link.folder, stores).await?;
        self.progress.step("asking what it takes");
        let deal = self
            .shop
            .deal(self.link.listed, &header, self.reader)
            .await?;
        Ok(deal)
    }

    /// The reader's consent to the licence, if there is one.
    async fn consent(&self, offer: &Offer) -> Result<Bytes, Failure> {
        let given = match &self.args.accept_licence {
            Some(path) => {
                let text = fs::read(path).map_err(|e| unreadable(&path.to_string_lossy(), &e))?;
                Some(Licence::of(&text))
            }
            None => None,
        };
        match (offer.licence, given) {
            (None, _) => Ok(Bytes::new()),
            (Some(licence), None) => Err(MarketError::LicenceNeeded { licence }.into()),
            (Some(_), Some(given)) => {
                given.check(offer)?;
                let chain = self.shop.chain();
                let subject = subject_of(chain, offer).await?;
                Ok(given.accept(&self.wallet, chain.id(), offer, subject)?)
            }
        }
    }

    /// Signs the purchase for somebody else to send.
    async fn sign(
        &self,
        path: &str,
        offer: &Offer,
        consent: Bytes,
        object: &mut Value,
        as_json: bool,
    ) -> Result<(), Failure> {
        let mut output = Output::create(path, false)?;
        let deadline = consent::now().saturating_add(self.args.sign_for.0);
        let signed = self.shop.sign(&self.wallet, offer, consent, deadline);
        let signed = signed.await?;
        let mut text = serde_json::to_vec_pretty(&signed).map_err(|e| Failure::new("failed", e))?;
        text.push(b'\n');
        let written = output.write_all(&text);
        written.map_err(|error| output.failure(EnvelopeError::Write(error).into()))?;
        output.commit()?;
        add(object, "signed", json!(path));
        let text = format!("{path}: `stheno relay` sends it until {}", time(deadline));
        say::result(as_json, &text, object);
        Ok(())
    }

    /// That the buyer wants this.
    fn agree(&self, deal: &Deal, offer: &Offer) -> Result<(), Failure> {
        let currencies = self.shop.currencies();
        if let Some(most) = &self.args.most {
            let most = currencies.parse(most)?;
            if most.token != offer.price.token || most.units < offer.price.units {
                let (price, most) = (currencies.show(offer.price), currencies.show(most));
                return Err(MarketError::TooDear { price, most }.into());
            }
        }
        let trusted = deal.known_as.is_some() || self.args.seller == Some(offer.sale);
        if self.args.yes && !trusted {
            return Err(Failure::new(
                "unknown_seller",
                format_args!("contract {} is not one of the network's", offer.sale),
            )
            .hint(
                "nothing was paid; give the network file, or --seller ADDRESS if you know the \
                 contract and its owner",
            ));
        }
        if self.args.yes || asked("Pay? [y/N] ")? {
            return Ok(());
        }
        Err(Failure::new("not_agreed", "nothing was paid").hint("answer y, or give --yes"))
    }

    /// Waits until the purchase is final, and there.
    async fn wait(&self, deal: &Deal, sent: &Sent) -> Result<(), Failure> {
        let chain = self.shop.chain();
        let block = sent.block.number;
        let patience = Duration::from_secs(self.args.opening.wait);
        let since = Instant::now();
        let last = loop {
            let head = chain.final_head().await.map_err(MarketError::from)?;
            let Some(left) = block.checked_sub(head.number).filter(|left| *left > 0) else {
                break head;
            };
            if since.elapsed() > patience {
                return Err(Failure::new(
                    "not_final_yet",
                    format_args!("paid, and final in {left} more blocks"),
                )
                .hint("run the same command again later: it does not pay again"));
            }
            let blocks = if left == 1 { "block" } else { "blocks" };
            let step = format!("paid; final in {left} more {blocks}");
            self.progress.step(step);
            tokio::time::sleep(LOOK).await;
        };
        let reads = self.shop.may_read(last, &deal.item, self.reader).await;
        match reads? {
            true => Ok(()),
            false => Err(Failure::new(
                "purchase_undone",
                format_args!(
                    "transaction {} ought to be final, and {} may not read: the chain gave its \
                     block up, or the terms were changed meanwhile",
                    sent.hash, self.reader
                ),
            )
            .hint("look whether the transaction is in another block, and what `stheno access show` says")),
        }
    }

    /// Fetches and decrypts what was bought.
    async fn read(&self, output: &str, object: &mut Value) -> Result<String, Failure> {
        let args = self.args;
        let opening = Opening::of_any(&args.opening, &args.rpc, None, false)?;
        let opening = Opening {
            network: self.network.clone(),
            ..opening
        };
        let access = opening.access(self.progress).await?;
        let places = Places {
            from: &args.from,
            gateways: &[],
        };
        let folder = Located::Link(self.link.folder.clone());
        let collection = folder.open(places, &access).await?;
        let target = Path::new(output);
        interrupt::remove_on_exit(&unfinished(target));
        let mut options = ExtractOptions::default();
        options.observer = Some(self.progress.of_files("decrypting"));
        let entries: Vec<&Entry> = collection.manifest().entries().iter().collect();
        let extracted = collection.extract(&entries, &access, target, &options);
        let extracted = extracted.await?;
        opening.keep_all_receipts(&access)?;
        let released = access.released();
        warn_of_culprits(&released);
        add_released(object, &released);
        add(object, "output", json!(output));
        add(object, "files", json!(extracted.files));
        add(object, "bytes", json!(extracted.bytes));
        Ok(format!(
            "decrypted {} files, {} bytes, into {output}",
            extracted.files, extracted.bytes
        ))
    }

    /// What is sold and what it takes, for people.
    fn shown(&self, deal: &Deal) -> String {
        let listing = &deal.listing;
        let mut text = format!(
            "{}\n  sold by   {}, listed {}\n  stored    {} bytes, network {}\n  item      {}\n",
            listing.title,
            listing.seller,
            time(listing.updated),
            listing.bytes,
            listing.network,
            deal.item,
        );
        let Some(offer) = &deal.offer else {
            let _ = writeln!(text, "  yours     {} may read it already", self.reader);
            return text;
        };
        let known = match deal.known_as {
            Some(name) => format!("the network's {name}"),
            None => "not a contract of the network file: know its owner before you pay".to_owned(),
        };
        let lasts = match deal.lasts {
            Some(u64::MAX) => ", for good".to_owned(),
            Some(seconds) => format!(", for {}", span(seconds)),
            None => String::new(),
        };
        let price = self.shop.currencies().show(offer.price);
        let _ = writeln!(text, "  price     {price}{lasts}");
        if let Some(expires) = offer.expires {
            let _ = writeln!(text, "  until     {}", time(expires));
        }
        if let Some(licence) = offer.licence {
            let _ = writeln!(text, "  licence   SHA-256 {licence}");
        }
        if deal.asks_for_more {
            text += "  beware    the files' policy asks for more than this payment: see `stheno inspect`\n";
        }
        let Money { token, units } = offer.price;
        let _ = writeln!(
            text,
            "  calls     {} ({known})\n            buyFor(item {}, reader {}, token {token}, \
             price {units}, consent {})",
            offer.sale,
            offer.what,
            offer.reader,
            if offer.licence.is_some() {
                "yours"
            } else {
                "none"
            },
        );
        if !token.is_zero() {
            let _ = writeln!(
                text,
                "            after approve(spender {}, value {units}) of the token, where it is not \
                 allowed yet",
                offer.sale
            );
        }
        text
    }

    fn object(&self, deal: &Deal) -> Value {
        let listing = &deal.listing;
        let offer = deal.offer.as_ref().map(|offer| {
            json!({
                "sale": offer.sale,
                "knownAs": deal.known_as,
                "what": offer.what,
                "reader": offer.reader,
                "token": offer.price.token,
                "amount": offer.price.units.to_string(),
                "price": self.shop.currencies().show(offer.price),
                "licence": offer.licence,
                "expires": offer.expires,
                "lastsSeconds": deal.lasts.filter(|lasts| *lasts != u64::MAX),
            })
        });
        json!({
            "title": listing.title,
            "seller": listing.seller,
            "bytes": listing.bytes,
            "network": listing.network.to_string(),
            "item": deal.item.to_string(),
            "reader": self.reader,
            "mayReadAlready": deal.offer.is_none(),
            "offer": offer,
        })
    }
}

/// Asks a person at the terminal.
fn asked(question: &str) -> Result<bool, Failure> {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Err(Failure::new(
            "not_agreed",
            "nobody is there to be asked; nothing was paid",
        )
        .hint("give --yes, and --most AMOUNT to be sure"));
    }
    let failed = |error: io::Error| Failure::new("failed", error);
    let mut stderr = io::stderr();
    stderr.write_all(question.as_bytes()).map_err(failed)?;
    stderr.flush().map_err(failed)?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer).map_err(failed)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

fn time(second: u64) -> String {
    let time = i64::try_from(second).ok();
    let time = time.and_then(|second| jiff::Timestamp::from_second(second).ok());
    time.map_or_else(|| format!("second {second}"), |time| time.to_string())
}

fn span(seconds: u64) -> String {
    match seconds {
        s if s % 86_400 == 0 => format!("{} days", s / 86_400),
        s if s % 3_600 == 0 => format!("{} hours", s / 3_600),
        s => format!("{s} seconds"),
    }
}

fn add(object: &mut Value, name: &str, value: Value) {
    if let Some(object) = object.as_object_mut() {
        object.insert(name.to_owned(), value);
    }
}
