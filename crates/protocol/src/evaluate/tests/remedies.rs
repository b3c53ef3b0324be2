//! What a report says would make a condition come out as wanted.

use super::*;

const PASS: &str = "0x00000000000000000000000000000000000000AA";

/// The remedies of a condition as it stands and under `not` (beside itself, since `not` over what
/// only the reader chooses is no policy).
fn both(
    rule: &str,
    subject: &Subject,
    answer: impl Fn(&Read) -> Result<Reading, Unknown>,
) -> [String; 2] {
    [
        rule.to_owned(),
        format!("{{\"all\": [{{\"not\": {rule}}}, {rule}]}}"),
    ]
    .map(|rule| {
        let policy = policy(&rule);
        let view: View = reads(&policy, subject)
            .into_iter()
            .map(|read| {
                let reading = answer(&read);
                (read, reading)
            })
            .collect();
        evaluate(&policy, subject, &view).leaves.remove(0).remedy
    })
}

fn answer(reading: Reading) -> impl Fn(&Read) -> Result<Reading, Unknown> {
    move |_| Ok(reading.clone())
}

#[test]
fn remedy_says_how_much_more_must_be_held() {
    let token = format!(
        "{{\"token\": {{\"chain\": 314, \"standard\": \"erc20\", \"contract\": \"{TOKEN}\", \"min\": 5}}}}"
    );
    let of = format!("of ERC-20 {PASS} on chain 314");
    let held = |n: u64| returning(uint(n)).unwrap();
    assert_eq!(
        both(&token, &subject(), answer(held(2))),
        [
            format!("hold at least 5 {of}, 3 more than now"),
            String::new()
        ]
    );
    assert_eq!(
        both(&token, &subject(), answer(held(5))),
        [String::new(), format!("hold less than 5 {of}")]
    );
    let balance = "{\"balance\": {\"chain\": 1, \"min\": 10}}";
    assert_eq!(
        both(balance, &subject(), answer(Reading::Balance(U256::ONE)))[0],
        "have a native balance of at least 10 on chain 1, 9 more than now"
    );
}

#[test]
fn remedy_of_time_is_to_wait_or_nothing() {
    let span = "{\"time\": {\"chain\": 1, \"after\": \"2027-01-01T00:00:00Z\", \"before\": \"2027-02-01T00:00:00Z\"}}";
    let open = "{\"time\": {\"chain\": 1, \"after\": \"2027-01-01T00:00:00Z\"}}";
    let (january, february) = (1_798_761_600, 1_801_440_000);
    let at = |rule: &str, second: u64| both(rule, &subject(), answer(Reading::Time(second)));
    assert_eq!(
        at(span, january - 1),
        ["wait until 2027-01-01T00:00:00Z", ""]
    );
    assert_eq!(at(span, january), ["", "wait until 2027-02-01T00:00:00Z"]);
    assert_eq!(
        at(span, february),
        ["the time is over, and no waiting brings it back", ""]
    );
    assert_eq!(
        at(open, january),
        ["", "it holds from now on, and no waiting ends it"]
    );
}

#[test]
fn remedy_of_a_call_is_the_answer_that_is_needed() {
    let call = format!(
        "{{\"call\": {{\"chain\": 314, \"to\": \"{TOKEN}\", \"function\": \"level(address) view returns (uint8)\", \"args\": [\":reader\"], \"returns\": {{\">=\": 3}}}}}}"
    );
    let level = |n: u64| returning(uint(n)).unwrap();
    let of = format!("level(:reader) of {PASS} on chain 314");
    assert_eq!(
        both(&call, &subject(), answer(level(2))),
        [
            format!("it must come so that {of} is at least 3"),
            String::new()
        ]
    );
    assert_eq!(
        both(&call, &subject(), answer(level(3))),
        [
            String::new(),
            format!("it must come so that {of} is less than 3")
        ]
    );
}

#[test]
fn remedy_of_what_is_unknown_is_to_bring_it_or_to_ask_again() {
    let call = format!(
        "{{\"call\": {{\"chain\": 314, \"to\": \"{TOKEN}\", \"function\": \"f(address,bytes4) view returns (bool)\", \"args\": [\":reader\", \":code\"], \"returns\": {{\"==\": true}}}}}}"
    );
    let unread = |_: &Read| Err(Unknown::Missing);
    let same = |words: &str| [words.to_owned(), words.to_owned()];
    let nobody = Subject {
        account: None,
        ..subject()
    };
    assert_eq!(both(&call, &nobody, unread), same("ask with an account"));
    assert_eq!(
        both(&call, &contract_account(1), unread),
        same("ask with an account that a key controls, or with a contract's on chain 314")
    );
    assert_eq!(
        both(&call, &subject(), unread),
        same("send a value `code` of type bytes4 in the request's context")
    );
    let balance = "{\"balance\": {\"chain\": 1, \"min\": 10}}";
    assert_eq!(
        both(balance, &subject(), |_| Err(Unknown::Rpc("down".into()))),
        same("ask again once the chain can be read")
    );
}

#[test]
fn remedy_of_several_parts_names_those_that_stand_in_the_way() {
    let rule = format!(
        "{{\"subscription\": {{\"chain\": 314, \"contract\": \"{TOKEN}\", \"token\": 7}}}}"
    );
    let of = format!("subscription 7 of {PASS} on chain 314");
    let judge = |owner: Address, end: u64| {
        both(&rule, &subject(), move |read| match read {
            Read::Call { data, .. } if data[0] == 0x63 => returning(DynSolValue::Address(owner)),
            Read::Call { .. } => returning(DynSolValue::Uint(U256::from(end), 64)),
            _ => Ok(Reading::Time(100)),
        })
    };
    assert_eq!(
        judge(READER, 200),
        [
            String::new(),
            format!(
                "ask with an account that does not own {of}; or wait until 1970-01-01T00:03:20Z"
            )
        ]
    );
    assert_eq!(judge(READER, 50)[0], format!("renew {of}"));
    assert_eq!(
        judge(Address::ZERO, 50)[0],
        format!("ask with the account that owns {of}; renew {of}")
    );
    let grant = format!("{{\"grant\": {{\"chain\": 314, \"registry\": \"{TOKEN}\"}}}}");
    let begun = format!(
        "the item must have begun in {PASS} on chain 314, and each contract that its terms ask must \
         answer; ask who keeps it"
    );
    assert_eq!(
        both(&grant, &subject(), |_| Err(Unknown::Reverted)),
        [begun.clone(), begun]
    );
}
