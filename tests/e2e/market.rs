//! A folder is sold, found, bought and read, with real nodes; and what is not what it says is not paid for.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use alloy::{
    primitives::{Address, B256, Bytes, U256},
    sol_types::{SolCall, SolConstructor, SolValue},
};
use serde_json::Value;
use stheno::{
    Wallet,
    market::{Licence, SaleLink},
};
use stheno_chain::{
    Chain, ChainConfig, HttpOptions, Sender,
    contracts::{
        AccessRegistryContract as registry, CatalogueContract as catalogue,
        DevnetDollarContract as dollar, PayPerAccessContract as pay_per_access,
        SaleContract as sale,
    },
};
use stheno_cli::devnet::{Devnet, accounts::READER, anvil::CHAIN_ID};

use crate::{
    command::{Said, run, stheno},
    desk::Desk,
    solidity,
    someone::Someone,
    stage, trials,
};

trials![
    folder_is_sold_found_bought_and_read,
    licence_is_accepted_by_the_signature_that_the_sale_records,
    purchase_is_sent_by_a_relayer_for_who_has_no_fil,
    nothing_is_paid_for_what_is_not_what_it_says,
];

/// A dollar, in its smallest unit.
const DOLLAR: u64 = 1_000_000_000_000_000_000;

async fn folder_is_sold_found_bought_and_read() {
    let devnet = stage::shared().await;
    let shop = Shop::with_folder(&devnet, "market").await;
    let market = devnet.contracts().market;

    // Sold: killed on the way, and gone on with.
    shop.sell_and_kill(&["--price", "5usdfc"], |shop| {
        Path::new(&shop.desk.path("sealed/sale.json")).exists()
    })
    .await;
    shop.sell_and_kill(&["--price", "5usdfc"], |shop| {
        fs::read_dir(shop.desk.path("store")).is_ok_and(|mut files| files.next().is_some())
    })
    .await;
    let sold = shop.sell(&["--price", "5usdfc"]).await;
    let sold = sold.expect_done().json();
    let link = sold["link"].as_str().unwrap().to_owned();
    let item: B256 = sold["item"].as_str().unwrap().parse().unwrap();
    // Once more changes nothing, and gives the same link.
    let again = shop.sell(&["--price", "5usdfc"]).await.expect_done().json();
    assert_eq!(again["link"], sold["link"]);
    assert_eq!(again["encrypted"], false);
    for step in ["registered", "priced", "listed"] {
        assert_eq!(again["transactions"][step], Value::Null, "{again}");
    }

    // Seen: for how much, to whom, by which call.
    let stranger = Someone::with_money(&devnet, "market: no dollars").await;
    let said = shop.buy(&stranger, &link, &["--dry-run"]).await;
    said.expect_done();
    let addresses = [market.pay_per_access, shop.seller.signer.address()];
    let addresses = addresses.map(|address| address.to_string());
    let words = [
        "5 USDFC, for good",
        "the network's PayPerAccess",
        "buyFor(item 0x",
        "approve(",
    ];
    for word in words
        .into_iter()
        .chain(addresses.iter().map(String::as_str))
    {
        assert!(said.stderr.contains(word), "no `{word}` in {}", said.stderr);
    }
    // Refused: without payment, without money, without a yes, above the limit.
    let said = shop.buy(&stranger, &link, &[]).await;
    said.expect_refusal(&["nobody is there to be asked"]);
    let said = shop.buy(&stranger, &link, &["--yes"]).await;
    said.expect_refusal(&["has 0 USDFC, and it costs 5 USDFC"]);
    let buyer = Someone::with_dollars(&devnet, "market: buyer", 7).await;
    for (most, words) in [
        ("4.99usdfc", "at most 4.99 USDFC"),
        ("9fil", "at most 9 FIL"),
    ] {
        let said = shop.buy(&buyer, &link, &["--yes", "--most", most]).await;
        said.expect_refusal(&["it costs 5 USDFC", words]);
    }
    let said = shop.decrypt(&buyer, &link).await;
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.stderr.contains("condition_not_met"), "{said:?}");

    // Bought: paid, final, decrypted.
    let since = Instant::now();
    let more = [
        "--yes",
        "--most",
        "5usdfc",
        "-o",
        &shop.desk.path("copy"),
        "--json",
    ];
    let bought = shop.buy(&buyer, &link, &more).await.expect_done().json();
    assert!(since.elapsed() < Duration::from_secs(60));
    assert!(bought["transaction"].is_string(), "{bought}");
    assert_eq!(bought["files"], 3);
    for name in ["table.csv", "deep/image", "empty"] {
        let at = |folder: &str| fs::read(shop.desk.path(&format!("{folder}/{name}"))).unwrap();
        assert!(at("copy") == at("data"), "{name}");
    }
    let owed = pay_per_access::owedCall {
        account: shop.seller.signer.address(),
        token: devnet.contracts().dollar,
    };
    let owed = devnet.control().view(market.pay_per_access, &owed).await;
    assert_eq!(owed.unwrap(), U256::from(5) * U256::from(DOLLAR));
    // No allowance is left over.
    let allowance = dollar::allowanceCall {
        owner: buyer.signer.address(),
        spender: market.pay_per_access,
    };
    let left = devnet.control().view(devnet.contracts().dollar, &allowance);
    assert_eq!(left.await.unwrap(), U256::ZERO);

    // Once more: it is his already, and is not paid again.
    let more = ["--yes", "-o", &shop.desk.path("copy"), "--json"];
    let again = shop.buy(&buyer, &link, &more).await.expect_done().json();
    assert_eq!(again["mayReadAlready"], true);
    assert!(again.get("transaction").is_none(), "{again}");
    // For a friend, who reads by himself.
    let friend = Someone::with_money(&devnet, "market: friend").await;
    let price = shop.sell(&["--price", "1.5 USDFC", "--lasts", "30d"]).await;
    let price = price.expect_done().json();
    assert!(price["transactions"]["priced"].is_string(), "{price}");
    let gift = friend.signer.address().to_string();
    let said = shop.buy(&buyer, &link, &["--yes", "--for", &gift]).await;
    said.expect_done();
    assert!(said.stderr.contains("1.5 USDFC, for 30 days"), "{said:?}");
    let said = shop.decrypt(&friend, &link).await;
    said.expect_done();

    // The owner gives it away as well, and edits the terms without touching what is stored.
    let poor = Someone::with_money(&devnet, "market: poor").await;
    let grant = registry::grantCall {
        id: item,
        readers: vec![poor.signer.address()],
        until: u64::MAX,
    };
    let owner = shop.seller.sender(&devnet).await;
    let granted = owner.call(market.registry, &grant).await.unwrap();
    shop.settle(&devnet, granted.block.number).await;
    shop.decrypt(&poor, &link).await.expect_done();
}

async fn licence_is_accepted_by_the_signature_that_the_sale_records() {
    let devnet = stage::shared().await;
    let shop = Shop::with_folder(&devnet, "licence").await;
    let text = shop.desk.put("licence.txt", "for study alone\n");
    let other = shop.desk.put("other.txt", "for study alone");
    let sold = shop.sell(&["--price", "0.5fil", "--licence", &text]).await;
    let sold = sold.expect_done().json();
    let link = sold["link"].as_str().unwrap().to_owned();

    let buyer = Someone::with_money(&devnet, "licence: buyer").await;
    let said = shop.buy(&buyer, &link, &["--yes"]).await;
    said.expect_refusal(&["licence", "has to be accepted"]);
    let said = shop
        .buy(&buyer, &link, &["--yes", "--accept-licence", &other])
        .await;
    said.expect_refusal(&["the licence that was given has SHA-256"]);
    let more = [
        "--yes",
        "--accept-licence",
        &text,
        "-o",
        &shop.desk.path("copy"),
    ];
    let said = shop.buy(&buyer, &link, &more).await;
    said.expect_done();
    assert!(said.stdout.contains("decrypted 3 files"), "{said:?}");

    let accepted = pay_per_access::acceptedAtCall {
        subject: sold["item"].as_str().unwrap().parse().unwrap(),
        licence: Licence::of(b"for study alone\n").hash(),
        reader: buyer.signer.address(),
    };
    let sale = devnet.contracts().market.pay_per_access;
    let accepted = devnet.control().view(sale, &accepted).await.unwrap();
    assert!(accepted > 0);
}

async fn purchase_is_sent_by_a_relayer_for_who_has_no_fil() {
    let devnet = stage::shared().await;
    let shop = Shop::with_folder(&devnet, "relay").await;
    let text = shop.desk.put("licence.txt", "cite us\n");
    let sold = shop.sell(&["--price", "2usdfc", "--licence", &text]).await;
    let link = sold.expect_done().json()["link"]
        .as_str()
        .unwrap()
        .to_owned();
    let buyer = Someone::with_dollars(&devnet, "relay: buyer", 2).await;
    let nothing = devnet
        .control()
        .set_balance(buyer.signer.address(), U256::ZERO);
    nothing.await.unwrap();
    let file = shop.desk.path("purchase.json");
    let more = ["--yes", "--accept-licence", &text, "--sign", &file];
    shop.buy(&buyer, &link, &more).await.expect_done();
    let signed = fs::read_to_string(&file).unwrap();
    assert!(!signed.contains(buyer.key().trim_start_matches("0x")));

    let relayer = Someone::with_money(&devnet, "relay: relayer").await;
    let relay = async |text: &str| {
        let file = shop.desk.put("sent.json", text);
        let mut command = stheno(["relay", &file, "--rpc", shop.desk.rpc()]);
        run(command.env("STHENO_PRIVATE_KEY", relayer.key())).await
    };
    // The relayer cannot make the reader another.
    let (mine, his) = (relayer.signer.address(), buyer.signer.address());
    let (mine, his) = (format!("{mine:#x}"), format!("{his:#x}"));
    let stolen = signed.replacen(
        &format!("\"reader\": \"{his}\""),
        &format!("\"reader\": \"{mine}\""),
        1,
    );
    assert_ne!(stolen, signed);
    relay(&stolen).await.expect_refusal(&["PurchaseNotSigned"]);
    relay("{}").await.expect_refusal(&["sent.json"]);
    relay(&signed).await.expect_done();
    relay(&signed)
        .await
        .expect_refusal(&["InvalidAccountNonce"]);
    shop.decrypt(&buyer, &link).await.expect_done();
}

async fn nothing_is_paid_for_what_is_not_what_it_says() {
    let devnet = stage::shared().await;
    let shop = Shop::with_folder(&devnet, "not what it says").await;
    let market = devnet.contracts().market;
    let sold = shop.sell(&["--price", "5usdfc"]).await;
    let sold = sold.expect_done().json();
    let link: SaleLink = sold["link"].as_str().unwrap().parse().unwrap();
    let item: B256 = sold["item"].as_str().unwrap().parse().unwrap();
    let buyer = Someone::with_dollars(&devnet, "not what it says: buyer", 9).await;
    let wealth = devnet.control();
    let dollars = || async {
        let account = buyer.signer.address();
        let balance = dollar::balanceOfCall { account };
        let balance = wealth.view(devnet.contracts().dollar, &balance).await;
        balance.unwrap()
    };
    let before = dollars().await;

    // Links that lead elsewhere.
    let other = Shop::with_folder(&devnet, "another folder").await;
    let others = other
        .sell(&["--price", "5usdfc"])
        .await
        .expect_done()
        .json();
    let others: SaleLink = others["link"].as_str().unwrap().parse().unwrap();
    let swapped = SaleLink {
        folder: others.folder.clone(),
        ..link.clone()
    };
    let said = shop.buy(&buyer, &swapped.to_string(), &["--yes"]).await;
    said.expect_refusal(&["does not open these files", "another manifest"]);
    let elsewhere = SaleLink {
        catalogue: market.registry,
        ..link.clone()
    };
    let said = shop.buy(&buyer, &elsewhere.to_string(), &["--yes"]).await;
    assert_eq!(said.code, Some(2), "{said:?}");
    let unlisted = SaleLink {
        listed: B256::repeat_byte(7),
        ..link.clone()
    };
    let said = shop.buy(&buyer, &unlisted.to_string(), &["--yes"]).await;
    said.expect_refusal(&["is not for sale", "NotListed"]);

    // Files that the store changed.
    let piece = link.folder.pieces[0].to_string();
    let path = shop.desk.path(&format!("store/{piece}"));
    let whole = fs::read(&path).unwrap();
    let mut changed = whole.clone();
    *changed.last_mut().unwrap() ^= 1;
    fs::write(&path, changed).unwrap();
    let said = shop.buy(&buyer, &link.to_string(), &["--yes"]).await;
    said.expect_refusal(&["is not piece"]);
    fs::write(&path, whole).unwrap();

    // A sale of the seller's own, whose offer is a call of another kind, or to another reader.
    let (reader, seller) = (buyer.signer.address(), shop.seller.signer.address());
    let honest = |reader: Address, target: Address| sale::Offer {
        token: devnet.contracts().dollar,
        amount: U256::from(DOLLAR),
        target,
        data: sale::buyForCall {
            item,
            reader,
            token: devnet.contracts().dollar,
            price: U256::from(DOLLAR),
            consent: Bytes::new(),
        }
        .abi_encode()
        .into(),
        licence: B256::ZERO,
        expires: u64::MAX,
    };
    let drain = sale::Offer {
        data: dollar::approveCall {
            spender: seller,
            value: U256::MAX,
        }
        .abi_encode()
        .into(),
        ..honest(reader, devnet.contracts().dollar)
    };
    let cases = [
        (drain, &["unknown call", "0x095ea7b3"][..]),
        (honest(seller, Address::ZERO), &["another contract"][..]),
    ];
    for (offer, words) in cases {
        let fake = shop.lists_fake(&devnet, item, &link, reader, &offer).await;
        let said = shop.buy(&buyer, &link.to_string(), &["--yes"]).await;
        said.expect_refusal(words);
        assert!(!said.stderr.contains("paid      "), "{fake}: {said:?}");
    }
    // An honest sale that is not the network's: with --yes only where it is named.
    let sender = shop.seller.sender(&devnet).await;
    let own = shop.sells_by_himself(&devnet, item, &link).await;
    let said = shop.buy(&buyer, &link.to_string(), &["--yes"]).await;
    said.expect_refusal(&["is not one of the network's"]);
    assert!(said.stderr.contains("know its owner"), "{said:?}");
    let other = market.pay_per_access.to_string();
    let more = ["--yes", "--seller", &other];
    let said = shop.buy(&buyer, &link.to_string(), &more).await;
    said.expect_refusal(&["is not one of the network's"]);
    assert_eq!(dollars().await, before);
    let more = ["--yes", "--seller", &own.to_string()];
    let friend = Someone::with_dollars(&devnet, "not what it says: friend", 2).await;
    shop.buy(&friend, &link.to_string(), &more)
        .await
        .expect_done();
    // Terms that ask for more than money.
    let more = registry::setTermsCall {
        id: item,
        terms: vec![
            term(6, 0, market.pay_per_access),
            term(1, 0, Address::ZERO),
            term(8, 2, Address::ZERO),
        ],
    };
    sender.call(market.registry, &more).await.unwrap();
    shop.lists(&devnet, item, &link, market.pay_per_access)
        .await;
    let said = shop.buy(&buyer, &link.to_string(), &["--yes"]).await;
    said.expect_refusal(&["paying does not let", "the terms ask for more"]);
    assert_eq!(dollars().await, before);
}

/// A seller at a desk with a folder.
struct Shop {
    desk: Desk,
    seller: Someone,
}

impl Shop {
    async fn with_folder(devnet: &Devnet, name: &str) -> Self {
        let desk = Desk::new(devnet);
        fs::create_dir_all(desk.path("data/deep")).unwrap();
        desk.put("data/table.csv", format!("{name}\n1,2\n"));
        desk.put("data/deep/image", crate::desk::noise(3, 300_000));
        desk.put("data/empty", "");
        let seller = Someone::with_money(devnet, &format!("{name}: seller")).await;
        Self { desk, seller }
    }

    fn selling(&self, more: &[&str]) -> tokio::process::Command {
        let (data, sealed) = (self.desk.path("data"), self.desk.path("sealed"));
        let mut command = stheno(["sell", &data, "-o", &sealed]);
        command.args(["--to", &self.desk.path("store"), "--json"]);
        command.arg("--network").arg(self.desk.network()).args(more);
        command.env("STHENO_PRIVATE_KEY", self.seller.key());
        command
    }

    async fn sell(&self, more: &[&str]) -> Said {
        run(&mut self.selling(more)).await
    }

    /// Ends it as a power cut would, as soon as something is so.
    async fn sell_and_kill(&self, more: &[&str], so: impl Fn(&Self) -> bool) {
        let mut child = self.selling(more).spawn().unwrap();
        let since = Instant::now();
        while !so(self) && since.elapsed() < Duration::from_secs(60) {
            tokio::time::sleep(Duration::from_micros(300)).await;
        }
        // It may be done; then there is nothing to go on with.
        let _ = child.kill().await;
        let _ = child.wait().await;
    }

    async fn buy(&self, who: &Someone, link: &str, more: &[&str]) -> Said {
        let mut command = stheno(["buy", link, "--from", &self.desk.path("store")]);
        command.arg("--network").arg(self.desk.network()).args(more);
        run(command.env("STHENO_PRIVATE_KEY", who.key())).await
    }

    async fn decrypt(&self, who: &Someone, link: &str) -> Said {
        let link: SaleLink = link.parse().unwrap();
        let link = link.folder.to_string();
        let to = self.desk.path(&format!("read by {}", who.signer.address()));
        let mut command = stheno(["decrypt", &link, "--from", &self.desk.path("store")]);
        command.args(["-o", &to, "--rpc", self.desk.rpc()]);
        run(command.env("STHENO_PRIVATE_KEY", who.key())).await
    }

    /// Lists what is sold by a contract that answers as it was made to.
    async fn lists_fake(
        &self,
        devnet: &Devnet,
        item: B256,
        link: &SaleLink,
        reader: Address,
        offer: &sale::Offer,
    ) -> Address {
        let question = |reader| Bytes::from(sale::offerCall { item, reader }.abi_encode());
        let may = sale::canReadCall {
            reader,
            item,
            context: Bytes::new(),
        };
        let calls = vec![
            question(reader),
            question(self.seller.signer.address()),
            may.abi_encode().into(),
        ];
        let answer = Bytes::from(offer.abi_encode());
        let answers = vec![answer.clone(), answer, false.abi_encode().into()];
        let compiled = solidity::compile("FixedAnswers.sol").await;
        let mut code = solidity::code(&compiled, "FixedAnswers.sol", "FixedAnswers").to_vec();
        code.extend((calls, answers).abi_encode_params());
        let sender = self.seller.sender(devnet).await;
        let made = sender.send(None, code.into(), U256::ZERO).await.unwrap();
        let fake = made.created.unwrap();
        let terms = registry::setTermsCall {
            id: item,
            terms: vec![term(6, 0, fake)],
        };
        let market = devnet.contracts().market;
        sender.call(market.registry, &terms).await.unwrap();
        self.lists(devnet, item, link, fake).await;
        fake
    }

    /// Lists what is sold by a contract of the seller's own, for a dollar.
    async fn sells_by_himself(&self, devnet: &Devnet, item: B256, link: &SaleLink) -> Address {
        let market = devnet.contracts().market;
        let sender = self.seller.sender(devnet).await;
        let mut code = pay_per_access::BYTECODE.to_vec();
        let registry_ = market.registry;
        code.extend(pay_per_access::constructorCall { registry_ }.abi_encode());
        let made = sender.send(None, code.into(), U256::ZERO).await.unwrap();
        let own = made.created.unwrap();
        let terms = registry::setTermsCall {
            id: item,
            terms: vec![term(6, 0, own)],
        };
        sender.call(market.registry, &terms).await.unwrap();
        let price = pay_per_access::setPriceCall {
            id: item,
            price: pay_per_access::Price {
                token: devnet.contracts().dollar,
                amount: U256::from(DOLLAR),
                payee: self.seller.signer.address(),
                licence: B256::ZERO,
                duration: u64::MAX,
                expires: u64::MAX,
            },
        };
        sender.call(own, &price).await.unwrap();
        self.lists(devnet, item, link, own).await;
        own
    }

    async fn lists(&self, devnet: &Devnet, item: B256, link: &SaleLink, by: Address) {
        let listing = catalogue::Listing {
            title: "what it says".to_owned(),
            manifest: link.folder.pieces[0].to_bytes().into(),
            sample: Bytes::new(),
            size: 1,
            network: B256::from(*devnet.network().network_id().as_bytes()),
            dataSet: U256::ZERO,
            offer: by,
        };
        let list = catalogue::listCall { item, listing };
        let place = devnet.contracts().market.catalogue;
        let sender = self.seller.sender(devnet).await;
        sender.call(place, &list).await.unwrap();
    }

    /// Waits until a block is final.
    async fn settle(&self, devnet: &Devnet, block: u64) {
        while devnet.control().head().await.unwrap() < block + 3 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

impl Someone {
    /// The account of this name, with ten FIL and so many dollars.
    async fn with_dollars(devnet: &Devnet, name: &str, dollars: u64) -> Self {
        let someone = Self::with_money(devnet, name).await;
        // Who has some from the start, and sends nothing else.
        let rich = Self {
            signer: READER.signer().unwrap(),
        };
        let gift = dollar::transferCall {
            to: someone.signer.address(),
            value: U256::from(dollars) * U256::from(DOLLAR),
        };
        static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
        let _turn = TURN.lock().await;
        let sender = rich.sender(devnet).await;
        let sent = sender.call(devnet.contracts().dollar, &gift).await;
        sent.unwrap();
        someone
    }

    async fn sender(&self, devnet: &Devnet) -> Sender {
        let config = ChainConfig::new(CHAIN_ID, vec![devnet.rpc().clone()]);
        let chain = Chain::connect(config, HttpOptions::default()).await;
        let wallet = Wallet::from_private_key(&self.key()).unwrap();
        wallet.sender(chain.unwrap())
    }
}

/// A term, by the number of what it asks for.
fn term(ask: u8, parts: u8, target: Address) -> registry::Term {
    registry::Term {
        ask,
        parts,
        target,
        id: U256::ZERO,
        least: U256::ZERO,
    }
}

impl Said {
    /// Insists on an error with these words and a hint, behind what was shown of the offer.
    fn expect_refusal(&self, words: &[&str]) -> &Self {
        assert_eq!(self.code, Some(2), "{self:?}");
        let (_, error) = self.stderr.split_once("error: ").expect("an error");
        for word in words {
            assert!(error.contains(word), "no `{word}` in: {error}");
        }
        assert!(!self.stderr.contains("panicked"), "{self:?}");
        self.expect_hint()
    }
}
