//! The conditions of several reads, or of none: allowlist, subscription, storage, grant.

use alloy_primitives::{B256, keccak256};

use super::*;

/// Root and proofs come from npm's `@openzeppelin/merkle-tree` 1.0.8: `StandardMerkleTree.of` of
/// the accounts 0x1111…, 0x2222…, 0x3333…, 0xeeee… and
/// 0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed, in this order, with the leaf encoding `["address"]`.
const ROOT: &str = "0x7f0d18c3a542e28e513d4071c65d28e432cf46a6f40d293d007d93855ba532fe";
/// Of [`READER`], 0xeeee….
const PROOF: [&str; 3] = [
    "708e7cb9a75ffb24191120fba1c3001faa9078147150c6f2747569edbadee751",
    "bd164a4590db938a0b098da1b25cf37b155f857b38c37c016ad5b8f8fce80192",
    "fc27cfb65da02386fc7398ebf25502b4a96b575c698d0f5d9b3391b9c75ee996",
];
/// Of 0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed, which stands one level higher.
const SHORT_PROOF: [&str; 2] = [
    "a7409058568815d08a7ad3c7d4fd44cf1dec90c620cb31e55ad24c654f7ba34f",
    "b6c8b43d8927b4bd6eb72abc0438f1c926644ca3ec2a86a184a73ff672a6849d",
];
/// The tree of [`READER`] alone; its proof is empty.
const LONE_ROOT: &str = "0x8878efa0f8af50e16ef911599b81535179dcd215297ab0dc68b79852759823d4";

fn bringing(value: ContextValue) -> Subject {
    let mut subject = subject();
    subject.context.insert("proof", value).unwrap();
    subject
}

fn proving(nodes: &[&str]) -> Subject {
    bringing(ContextValue::Bytes(
        hex::decode(nodes.concat()).unwrap().into(),
    ))
}

fn allowlist(root: &str, rest: &str) -> Policy {
    policy(&format!(
        "{{\"allowlist\": {{\"root\": \"{root}\", \"proof\": \":proof\"{rest}}}}}"
    ))
}

fn unread(policy: &Policy, subject: &Subject) -> (Truth, String) {
    assert!(reads(policy, subject).is_empty());
    let leaf = evaluate(policy, subject, &View::new()).leaves.remove(0);
    (leaf.truth, leaf.found)
}

#[test]
fn allowlist_holds_for_whoever_has_a_proof_by_openzeppelins_tree() {
    let list = allowlist(ROOT, "");
    assert_eq!(unread(&list, &proving(&PROOF)).0, Truth::True);
    let other = Subject {
        account: Some(Account {
            address: "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
                .parse()
                .unwrap(),
            chain: 1,
            kind: AccountKind::Key,
        }),
        ..proving(&SHORT_PROOF)
    };
    assert_eq!(unread(&list, &other).0, Truth::True);
    let lone = allowlist(LONE_ROOT, "");
    assert_eq!(unread(&lone, &proving(&[])).0, Truth::True);
}

#[test]
fn allowlist_fails_with_a_proof_that_leads_elsewhere() {
    let list = allowlist(ROOT, "");
    let [a, b, c] = PROOF;
    for proof in [
        &[][..],
        &[a, b],
        &[b, c],
        &[a, c, b],
        &[a, b, c, c],
        &SHORT_PROOF,
        // An inner node is not a leaf.
        &[c],
    ] {
        assert_eq!(unread(&list, &proving(proof)).0, Truth::False, "{proof:?}");
    }
    let root: String = ROOT.chars().skip(2).collect();
    assert_eq!(unread(&list, &proving(&[&root])).0, Truth::False);
    // The hash of one leaf as an account of 20 bytes: leaves are hashed twice.
    assert_ne!(
        keccak256(READER.into_word()),
        B256::from_slice(&hex::decode(&LONE_ROOT[2..]).unwrap())
    );
}

#[test]
fn allowlist_is_unknown_without_a_proof_of_whole_nodes() {
    let list = allowlist(ROOT, "");
    let bytes = |n: usize| ContextValue::Bytes(vec![7; n].into());
    for (value, part) in [
        (bytes(31), "has 31 bytes"),
        (bytes(33), "has 33 bytes"),
        (bytes(65 * 32), "has 2080 bytes"),
        (ContextValue::Text("0x".into()), "is not a bytes"),
        (ContextValue::Uint(U256::ONE), "is not a bytes"),
    ] {
        let (truth, found) = unread(&list, &bringing(value));
        assert_eq!(truth, Truth::Unknown);
        assert!(found.contains(part), "{found}");
    }
    assert_eq!(
        unread(&list, &bringing(bytes(64 * 32))).0,
        Truth::False,
        "64 levels are tried"
    );
    assert_eq!(
        unread(&list, &subject()),
        (
            Truth::Unknown,
            "the context has no value `proof`".to_owned()
        )
    );
}

#[test]
fn allowlist_counts_contract_accounts_only_where_it_names_their_chain() {
    let contract = |chain| Subject {
        account: contract_account(chain).account,
        ..proving(&PROOF)
    };
    let here = allowlist(ROOT, ", \"chain\": 314");
    assert_eq!(unread(&here, &contract(314)).0, Truth::True);
    assert_eq!(unread(&here, &contract(1)).0, Truth::Unknown);
    assert_eq!(unread(&here, &proving(&PROOF)).0, Truth::True);
    let anywhere = allowlist(ROOT, "");
    assert_eq!(unread(&anywhere, &contract(314)).0, Truth::Unknown);
    let nobody = Subject {
        account: None,
        ..proving(&PROOF)
    };
    assert_eq!(unread(&here, &nobody).0, Truth::Unknown);
    assert!(here.needs_account());
    assert!(here.chains().is_empty());
}

/// Answers each read of `policy` by what `answer` makes of its call's selector.
fn answering(
    policy: &Policy,
    subject: &Subject,
    answer: impl Fn(&str) -> Result<Reading, Unknown>,
) -> LeafReport {
    let view: View = reads(policy, subject)
        .into_iter()
        .map(|read| {
            let name = match &read {
                Read::Call { data, .. } => hex::encode(&data[..4]),
                Read::BlockTime { .. } => "time".to_owned(),
                Read::BlockNumber { .. } => "number".to_owned(),
                Read::Balance { .. } => "balance".to_owned(),
            };
            let answer = answer(&name);
            (read, answer)
        })
        .collect();
    evaluate(policy, subject, &view).leaves.remove(0)
}

fn selector(signature: &str) -> String {
    hex::encode(&keccak256(signature)[..4])
}

fn subscription(token: &str) -> Policy {
    policy(&format!(
        "{{\"subscription\": {{\"chain\": 314, \"contract\": \"{TOKEN}\", \"token\": {token}}}}}"
    ))
}

#[test]
fn subscription_holds_for_its_owner_until_it_expires() {
    let policy = subscription("\":id\"");
    let (owner_of, expires_at) = (selector("ownerOf(uint256)"), selector("expiresAt(uint256)"));
    let asked = reads(&policy, &subject());
    assert_eq!(asked.len(), 3);
    let ids = asked.iter().filter_map(|read| match read {
        Read::Call { data, .. } => Some((hex::encode(&data[..4]), data[35])),
        _ => None,
    });
    assert_eq!(
        ids.collect::<BTreeSet<_>>(),
        BTreeSet::from([(owner_of.clone(), 7), (expires_at.clone(), 7)])
    );
    let judge = |owner: Address, end: u64, now: u64| {
        answering(&policy, &subject(), |name| match name {
            "time" => Ok(Reading::Time(now)),
            name if name == owner_of => returning(DynSolValue::Address(owner)),
            name if name == expires_at => returning(DynSolValue::Uint(U256::from(end), 64)),
            other => panic!("{other}"),
        })
        .truth
    };
    let other = Address::repeat_byte(1);
    assert_eq!(judge(READER, 101, 100), Truth::True);
    assert_eq!(judge(READER, 100, 100), Truth::False);
    assert_eq!(judge(READER, 0, 100), Truth::False);
    assert_eq!(judge(READER, u64::MAX, 100), Truth::True);
    assert_eq!(judge(other, 101, 100), Truth::False);
}

#[test]
fn subscription_is_false_for_one_known_reason_and_otherwise_unknown() {
    let policy = subscription("7");
    let owner_of = selector("ownerOf(uint256)");
    let judge = |owner: Result<Reading, Unknown>, end: Result<Reading, Unknown>| {
        answering(&policy, &subject(), |name| match name {
            "time" => Ok(Reading::Time(100)),
            name if name == owner_of => owner.clone(),
            _ => end.clone(),
        })
        .truth
    };
    let owner = |address| returning(DynSolValue::Address(address));
    let end = |second: u64| returning(DynSolValue::Uint(U256::from(second), 64));
    let gone = || Err(Unknown::Reverted);
    assert_eq!(judge(owner(READER), end(101)), Truth::True);
    assert_eq!(judge(owner(READER), gone()), Truth::Unknown);
    assert_eq!(judge(gone(), end(101)), Truth::Unknown);
    assert_eq!(judge(gone(), end(99)), Truth::False);
    assert_eq!(judge(owner(Address::ZERO), gone()), Truth::False);
    // Beyond 64 bits is not what the standard declares.
    let beyond = returning(DynSolValue::Uint(U256::MAX, 256));
    assert_eq!(judge(owner(READER), beyond), Truth::Unknown);
    assert!(reads(&policy, &contract_account(1)).is_empty());
    assert_eq!(reads(&policy, &contract_account(314)).len(), 3);
    let item = subscription("\":item\"");
    let Some(Read::Call { data, .. }) = reads(&item, &subject()).into_iter().next() else {
        panic!()
    };
    assert_eq!(data[4..], [0x17; 32]);
}

/// What the contracts of Filecoin Onchain Cloud say.
#[derive(Clone)]
struct Cloud {
    live: bool,
    proven: Result<u64, Unknown>,
    /// Token, payer, end.
    rail: Result<(Address, Address, u64), Unknown>,
    funded: U256,
    epoch: Result<u64, Unknown>,
}

const PAYER: Address = Address::repeat_byte(0xbb);
const USDFC: Address = Address::repeat_byte(0xcc);

fn cloud() -> Cloud {
    Cloud {
        live: true,
        proven: Ok(900),
        rail: Ok((USDFC, PAYER, 0)),
        funded: U256::from(1000),
        epoch: Ok(1000),
    }
}

impl Cloud {
    fn judge(&self, policy: &Policy) -> LeafReport {
        let nobody = Subject {
            account: None,
            ..subject()
        };
        let rail = |(token, payer, end): (Address, Address, u64)| {
            let other = || DynSolValue::Address(Address::repeat_byte(9));
            returning(DynSolValue::Tuple(vec![
                DynSolValue::Address(token),
                DynSolValue::Address(payer),
                other(),
                other(),
                other(),
                uint(1),
                uint(2),
                uint(3),
                uint(4),
                uint(end),
                uint(5),
                other(),
            ]))
        };
        answering(policy, &nobody, |name| match name {
            "number" => self.epoch.clone().map(Reading::Number),
            name if name == selector("dataSetLive(uint256)") => {
                returning(DynSolValue::Bool(self.live))
            }
            name if name == selector("getDataSetLastProvenEpoch(uint256)") => {
                returning(uint(self.proven.clone()?))
            }
            name if name == selector("getRail(uint256)") => rail(self.rail.clone()?),
            name if name == selector("getAccountInfoIfSettled(address,address)") => {
                let values = [self.funded, U256::ZERO, U256::ZERO, U256::ZERO];
                let words = values.map(|value| value.to_be_bytes::<32>()).concat();
                Ok(Reading::Bytes(words.into()))
            }
            other => panic!("{other}"),
        })
    }
}

fn storage(rest: &str) -> Policy {
    policy(&format!(
        "{{\"storage\": {{\"chain\": 314, \"dataSet\": 12{rest}}}}}"
    ))
}

fn paid() -> Policy {
    storage(&format!(
        ", \"paid\": {{\"rail\": 34, \"payer\": \"{PAYER}\", \"token\": \"{USDFC}\"}}"
    ))
}

#[test]
fn storage_asks_the_networks_contracts_and_no_more_than_the_policy_does() {
    let nobody = Subject {
        account: None,
        ..subject()
    };
    assert!(!paid().needs_account());
    assert_eq!(reads(&storage(""), &nobody).len(), 1);
    assert_eq!(
        reads(&storage(", \"provenWithin\": 5"), &nobody).len(),
        3,
        "the block's number, too"
    );
    assert_eq!(reads(&paid(), &nobody).len(), 4);
    let contracts: BTreeSet<Address> = reads(&paid(), &nobody)
        .into_iter()
        .filter_map(|read| match read {
            Read::Call { to, .. } => Some(to),
            _ => None,
        })
        .collect();
    assert_eq!(
        contracts,
        BTreeSet::from([
            "0xBADd0B92C1c71d02E7d520f64c0876538fa2557F"
                .parse()
                .unwrap(),
            "0x23b1e018F08BB982348b15a86ee926eEBf7F4DAa"
                .parse()
                .unwrap(),
        ])
    );
}

#[test]
fn storage_holds_while_the_data_set_is_live_and_lately_proven() {
    let policy = storage(", \"provenWithin\": 100");
    let judge = |change: fn(&mut Cloud)| {
        let mut cloud = cloud();
        change(&mut cloud);
        cloud.judge(&policy).truth
    };
    assert_eq!(judge(|_| {}), Truth::True);
    assert_eq!(judge(|cloud| cloud.proven = Ok(899)), Truth::False);
    assert_eq!(judge(|cloud| cloud.proven = Ok(1000)), Truth::True);
    assert_eq!(judge(|cloud| cloud.proven = Ok(1001)), Truth::Unknown);
    assert_eq!(judge(|cloud| cloud.live = false), Truth::False);
    let gone = |cloud: &mut Cloud| {
        cloud.live = false;
        cloud.proven = Err(Unknown::Reverted);
    };
    assert_eq!(judge(gone), Truth::False, "as the real one answers");
    assert_eq!(
        judge(|cloud| cloud.proven = Err(Unknown::Reverted)),
        Truth::Unknown
    );
    assert_eq!(
        judge(|cloud| cloud.epoch = Err(Unknown::Missing)),
        Truth::Unknown
    );
    let early = |cloud: &mut Cloud| {
        cloud.proven = Ok(0);
        cloud.epoch = Ok(50);
    };
    assert_eq!(judge(early), Truth::False, "epoch 0 is never");
}

#[test]
fn storage_holds_while_the_rail_runs_and_the_payer_is_funded() {
    let policy = paid();
    let judge = |change: fn(&mut Cloud)| {
        let mut cloud = cloud();
        change(&mut cloud);
        cloud.judge(&policy).truth
    };
    assert_eq!(judge(|_| {}), Truth::True);
    assert_eq!(judge(|cloud| cloud.funded = U256::MAX), Truth::True);
    assert_eq!(judge(|cloud| cloud.funded = U256::from(999)), Truth::False);
    assert_eq!(
        judge(|cloud| cloud.rail = Ok((USDFC, PAYER, 1001))),
        Truth::True
    );
    assert_eq!(
        judge(|cloud| cloud.rail = Ok((USDFC, PAYER, 1000))),
        Truth::False
    );
    assert_eq!(
        judge(|cloud| cloud.rail = Ok((PAYER, PAYER, 0))),
        Truth::False
    );
    assert_eq!(
        judge(|cloud| cloud.rail = Ok((USDFC, USDFC, 0))),
        Truth::False
    );
    assert_eq!(
        judge(|cloud| cloud.rail = Err(Unknown::Reverted)),
        Truth::Unknown
    );
    let both = |cloud: &mut Cloud| {
        cloud.rail = Err(Unknown::Reverted);
        cloud.funded = U256::ZERO;
    };
    assert_eq!(judge(both), Truth::False);
}

#[test]
fn storage_tells_every_part_that_it_found() {
    let report = cloud().judge(&paid());
    assert_eq!(
        report.found,
        "data set 12 is live; rail 34 has no end; the payer is funded until epoch 1000, the block's is 1000"
    );
    assert_eq!(
        report.what,
        format!(
            "data set 12 of 0xBADd0B92C1c71d02E7d520f64c0876538fa2557F on chain 314 is live, and paid by rail 34 of 0x23b1e018F08BB982348b15a86ee926eEBf7F4DAa, which draws {USDFC} from {PAYER}"
        )
    );
}

#[test]
fn grant_asks_can_read_of_reader_item_and_context() {
    let grant = |rest: &str| {
        policy(&format!(
            "{{\"grant\": {{\"chain\": 314, \"registry\": \"{TOKEN}\"{rest}}}}}"
        ))
    };
    let data = |context: &[u8]| {
        [
            hex::decode(selector("canRead(address,bytes32,bytes)")).unwrap(),
            DynSolValue::Tuple(vec![
                DynSolValue::Address(READER),
                DynSolValue::FixedBytes(B256::repeat_byte(0x17), 32),
                DynSolValue::Bytes(context.to_vec()),
            ])
            .abi_encode_params(),
        ]
        .concat()
    };
    let asked = |policy: &Policy, subject: &Subject| match reads(policy, subject).into_iter().next()
    {
        Some(Read::Call { data, .. }) => Some(data.to_vec()),
        _ => None,
    };
    let plain = grant("");
    assert_eq!(asked(&plain, &subject()), Some(data(&[])));
    let with = grant(", \"context\": \":proof\"");
    let ticket = bringing(ContextValue::Bytes(vec![1, 2, 3].into()));
    assert_eq!(asked(&with, &ticket), Some(data(&[1, 2, 3])));
    assert_eq!(asked(&with, &subject()), None);
    assert_eq!(asked(&plain, &contract_account(1)), None);
    assert_eq!(asked(&plain, &contract_account(314)), Some(data(&[])));
    for (answer, truth) in [
        (returning(DynSolValue::Bool(true)), Truth::True),
        (returning(DynSolValue::Bool(false)), Truth::False),
        (returning(uint(2)), Truth::Unknown),
        (Err(Unknown::Reverted), Truth::Unknown),
        (Err(Unknown::NoCode), Truth::Unknown),
    ] {
        assert_eq!(answered(&plain, &subject(), answer).0, truth);
    }
}
