use alloy_primitives::U256;

use super::{schema::tests as schema, *};

const A: &str = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
const B: &str = "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359";

/// A policy around `rule`, which begins on line 2.
fn with_rule(rule: &str) -> String {
    format!("{{ \"version\": 1, \"rule\":\n{rule} }}")
}

fn read(rule: &str) -> Policy {
    let written = with_rule(rule);
    let policy = Policy::from_json(&written).unwrap_or_else(|e| panic!("{rule}: {e}"));
    assert_round_trip(&policy);
    assert_eq!(schema::check(&written), Ok(()), "{rule}");
    policy
}

fn assert_round_trip(policy: &Policy) {
    assert_eq!(
        Policy::from_cbor(&policy.to_cbor()).as_ref(),
        Ok(policy),
        "CBOR"
    );
    assert_eq!(
        Policy::from_json(&policy.to_json()).as_ref(),
        Ok(policy),
        "JSON\n{}",
        policy.to_json()
    );
}

/// The error of a rule, as people see it.
fn refused(rule: &str) -> String {
    match Policy::from_json(&with_rule(rule)) {
        Ok(policy) => panic!("accepted: {}", policy.to_json()),
        Err(error) => error.to_string(),
    }
}

fn call(function: &str, args: &str, returns: &str) -> String {
    format!(
        "{{\"call\": {{\"chain\": 314, \"to\": \"{A}\", \"function\": \"{function}\", \"args\": {args}, \"returns\": {returns}}}}}"
    )
}

#[test]
fn policy_round_trips_in_every_leaf_and_combination() {
    let token = format!(
        "{{\"token\": {{\"chain\": 314, \"standard\": \"erc721\", \"contract\": \"{A}\"}}}}"
    );
    let ids = format!(
        "{{\"token\": {{\"chain\": 1, \"standard\": \"erc1155\", \"contract\": \"{B}\", \"ids\": [1, \"2\", \":pass\"], \"min\": \"3\", \"finality\": {{\"confirmations\": 5}}}}}}"
    );
    let erc20 = format!(
        "{{\"token\": {{\"chain\": 314, \"standard\": \"erc20\", \"contract\": \"{}\", \"min\": {}}}}}",
        A.to_lowercase(),
        U256::MAX
    );
    let balance = "{\"balance\": {\"chain\": 314159, \"min\": 1}}";
    let time = "{\"time\": {\"chain\": 314, \"after\": \"2026-01-01T00:00:00Z\", \"before\": \"2027-06-30T12:34:56Z\", \"finality\": \"finalized\"}}";
    let address = format!("{{\"address\": {{\"in\": [\"{B}\", \"{A}\"], \"chain\": 314}}}}");
    let revoked = call(
        "revoked(address) view returns (bool)",
        "[\":reader\"]",
        "{\"==\": true}",
    );
    let rule = format!(
        "{{\"all\": [{token}, {{\"any\": [{ids}, {erc20}]}}, {{\"at_least\": {{\"k\": 2, \"of\": [{balance}, {time}, {address}]}}}}, {{\"not\": {revoked}}}]}}"
    );
    let policy = read(&rule);
    assert_eq!(
        policy.chains(),
        BTreeSet::from([(1, 5), (314, 0), (314_159, 0)])
    );
    assert!(policy.needs_account());
    assert_eq!(policy.rule().leaves().count(), 7);
    assert_eq!(policy.rule().depth(), 3);
    let salted = policy.clone().with_salt(Some([7; 16]));
    assert_round_trip(&salted);
    assert_ne!(salted.digest(), policy.digest());
}

#[test]
fn spellings_of_the_same_policy_have_one_digest() {
    let canonical = read(&format!(
        "{{\"token\": {{\"chain\": 314, \"standard\": \"erc721\", \"contract\": \"{A}\", \"min\": \"1\"}}}}"
    ));
    for contract in [
        A.to_owned(),
        A.to_lowercase(),
        format!("0x{}", A[2..].to_uppercase()),
    ] {
        for min in ["1", "\"1\"", "\"001\""] {
            let spelled = read(&format!(
                "{{ \"token\" : {{\"finality\":\"finalized\", \"min\": {min}, \"contract\": \"{contract}\", \"standard\": \"erc721\", \"chain\": \"314\"}} }}"
            ));
            assert_eq!(spelled.digest(), canonical.digest());
        }
    }
}

#[test]
fn call_reads_every_type_of_argument() {
    let policy = read(&call(
        "f(bool,uint8,int16,address,bytes4,bytes,string,uint256[],(address,bytes32)[2]) view returns (bool)",
        &format!(
            "[true, 255, \"-32768\", \"{A}\", \"0x01020304\", \"0x\", \"::hi\", [1, \":n\"], [[\":reader\", \":item\"], [\"{B}\", \":b\"]]]"
        ),
        "{\"==\": true}",
    ));
    let Rule::Leaf(Leaf::Call(call)) = policy.rule() else {
        panic!()
    };
    assert_eq!(call.args.len(), 9);
    assert_eq!(call.args[6], Arg::Literal(Scalar::Text(":hi".to_owned())));
    assert_eq!(
        call.args[7],
        Arg::List(vec![
            Arg::Literal(Scalar::Uint(U256::ONE)),
            Arg::Placeholder(Placeholder::Named("n".to_owned()))
        ])
    );
}

#[test]
fn call_resolves_names_in_paths_to_positions() {
    let function = "rail(uint256) view returns ((address to, (uint256 amount, bool live)[] parts) rail, uint256 count)";
    for (path, expected) in [
        ("[0, 1, 3, 0]", vec![0, 1, 3, 0]),
        ("[\"rail\", \"parts\", 3, \"amount\"]", vec![0, 1, 3, 0]),
        ("[\"count\"]", vec![1]),
    ] {
        let policy = read(&call(
            function,
            "[\"7\"]",
            &format!("{{\"path\": {path}, \">=\": \"5\"}}"),
        ));
        let Rule::Leaf(Leaf::Call(call)) = policy.rule() else {
            panic!()
        };
        assert_eq!(call.path, expected);
    }
    for (path, part) in [
        ("[]", "a path begins with"),
        ("[2]", "there is no output 2, the function has 2"),
        (
            "[\"rial\"]",
            "nothing is called `rial`, did you mean `rail`?",
        ),
        ("[0, 2]", "there is no component 2"),
        ("[0, \"parts\", \"amount\"]", "nothing is called `amount`"),
        ("[1, 0]", "uint256 has no parts"),
        ("[0, 1, 0, 0, 0]", "one step too far"),
        ("[0, 1]", "`>=` compares integers"),
        ("[0, -1]", "must not be negative"),
        ("\"rail\"", "expected a list of positions"),
    ] {
        let error = refused(&call(
            function,
            "[\"7\"]",
            &format!("{{\"path\": {path}, \">=\": \"5\"}}"),
        ));
        assert!(error.contains(part), "{path}: {error}");
    }
}

#[test]
fn comparison_is_checked_against_the_outputs_type() {
    for (outputs, returns, part) in [
        (
            "bool",
            "{\"==\": 1}",
            "expected true or false for bool, found a number",
        ),
        ("uint256", "{\"==\": true}", "expected an integer"),
        ("uint8", "{\"==\": 256}", "256 does not fit in uint8"),
        ("int8", "{\"<\": \"-129\"}", "-129 does not fit in int8"),
        ("uint256", "{\"<\": \"-1\"}", "must not be negative"),
        (
            "bool",
            "{\"<\": true}",
            "`<` compares integers, this is bool",
        ),
        ("address", "{\">=\": 1}", "compares integers"),
        (
            "bytes4",
            "{\"==\": \"0x0102\"}",
            "bytes4 has 4 bytes, this has 2",
        ),
        ("address", "{\"==\": \"0x0102\"}", "expected 20 bytes"),
        ("uint256[]", "{\"==\": [1]}", "give a path to a part"),
        (
            "(uint256,bool)",
            "{\"==\": [1, true]}",
            "give a path to a part",
        ),
        (
            "uint256",
            "{\"contains\": 1}",
            "`contains` needs an array or a string",
        ),
        ("bool[][]", "{\"contains\": true}", "elements without parts"),
        ("string", "{\"contains\": \"\"}", "contains the empty one"),
        ("uint256", "{\"in\": []}", "`in` of nothing"),
        ("uint256", "{\"in\": 5}", "expected a list of values"),
        ("uint256", "{}", "a comparison is missing"),
        ("uint256", "{\"==\": 1, \"!=\": 2}", "one comparison each"),
        ("uint256", "{\"=\": 1}", "unknown field `=`, did you mean"),
        (
            "uint256,bool",
            "{\"==\": true}",
            "the function has 2 outputs: choose one",
        ),
        (
            "bytes32",
            "{\"==\": \":reader\"}",
            "`:reader` is an address",
        ),
        (
            "address",
            "{\"==\": \":item\"}",
            "`:item` is a bytes32 or a uint256",
        ),
        (
            "uint256",
            "{\">=\": \":mine\"}",
            "cannot decide a comparison",
        ),
        (
            "bytes32",
            "{\"in\": [\":item\", \":mine\"]}",
            "cannot decide a comparison",
        ),
        ("bool", "{\"==\": null}", "found null"),
    ] {
        let error = refused(&call(
            &format!("f() view returns ({outputs})"),
            "[]",
            returns,
        ));
        assert!(error.contains(part), "{outputs} {returns}: {error}");
    }
    for (outputs, returns) in [
        ("address", "{\"==\": \":reader\"}"),
        ("bytes32", "{\"in\": [\":item\"]}"),
        ("uint256", "{\"!=\": \":item\"}"),
        ("address[]", "{\"contains\": \":reader\"}"),
        ("string", "{\"contains\": \"gold\"}"),
        ("bytes4[3]", "{\"contains\": \"0x01020304\"}"),
        (
            "int256",
            "{\">\": \"-57896044618658097711785492504343953926634992332820282019728792003956564819968\"}",
        ),
        ("bytes", "{\"==\": \"0x\"}"),
    ] {
        read(&call(
            &format!("f() view returns ({outputs})"),
            "[]",
            returns,
        ));
    }
}

#[test]
fn argument_is_checked_against_the_declared_input() {
    for (inputs, args, part) in [
        ("address", "[]", "the function takes 1 argument, 0 given"),
        (
            "address,bool",
            "[\":reader\"]",
            "the function takes 2 arguments, 1 given",
        ),
        ("address", "\":reader\"", "expected a list of arguments"),
        (
            "bool",
            "[\"true\"]",
            "expected true or false for bool, found a string",
        ),
        ("uint256[2]", "[[1]]", "uint256[2] has 2 parts, 1 given"),
        ("(bool,bool)", "[true]", "expected a list for (bool,bool)"),
        (
            "uint256[]",
            "[\":ids\"]",
            "stands for one value, uint256[] has parts",
        ),
        ("address", "[\":read-er\"]", "is not a placeholder"),
        ("address", "[\":\"]", "is not a placeholder"),
        ("address", "[\":1st\"]", "is not a placeholder"),
        ("bytes", "[\"abcd\"]", "hex must begin with 0x"),
        ("bytes", "[\"0xabc\"]", "bad hex"),
        ("string", "[5]", "expected a string"),
    ] {
        let error = refused(&call(
            &format!("f({inputs}) view returns (bool)"),
            args,
            "{\"==\": true}",
        ));
        assert!(error.contains(part), "{inputs} {args}: {error}");
    }
}

#[test]
fn error_names_the_place_the_path_and_the_nearest_name() {
    let at = |text: &str| Policy::from_json(text).unwrap_err().to_string();
    assert_eq!(
        at("{ \"version\": 1, \"rule\": { \"all\": [\n  { \"tokn\": {} } ] } }"),
        "line 2, column 5: rule.all[0]: unknown condition `tokn`, did you mean `token`?"
    );
    assert_eq!(
        at("{ \"version\": 1, \"rule\": { \"balance\": { \"chain\": 314,\n \"mim\": \"1\" } } }"),
        "line 2, column 2: rule.balance: unknown field `mim`, did you mean `min`?"
    );
    assert_eq!(
        at("{ \"version\": 1, \"rule\": { \"balance\": { \"chain\": 314, \"min\":\n 1.5 } } }"),
        "line 2, column 2: rule.balance.min: `1.5` is not an integer: fractions and exponents are not used, count in the smallest unit"
    );
    assert_eq!(
        at("{ \"version\": 1,\n \"version\": 1 }"),
        "line 2, column 2: policy.version: the key `version` stands here twice"
    );
    assert_eq!(
        at("{ \"version\": 1\n \"rule\": 1 }"),
        "line 2, column 2: expected `,` or `}`"
    );
    assert_eq!(
        at("{ \"version\": 2, \"rule\": {} }"),
        "line 1, column 14: policy.version: version 2 is not known, only 1 is"
    );
    assert_eq!(
        at("{ \"version\": 1 }"),
        "line 1, column 1: policy: the field `rule` is missing"
    );
    assert!(at("{ \"version\": 1, \"rule\": {}, \"name\": 1 }").contains("unknown field `name`"));
    assert!(at("[]").contains("expected an object, found a list"));
    assert!(
        at("{ \"version\": 1, \"rule\": {}, \"salt\": \"0x00\" }")
            .contains("a salt has 16 bytes, this has 1")
    );
}

fn allowlist(rest: &str) -> String {
    let root = "17".repeat(32);
    format!("{{\"allowlist\": {{\"root\": \"0x{root}\"{rest}}}}}")
}

const ROOT: &str =
    ", \"root\": \"0x1717171717171717171717171717171717171717171717171717171717171717\"";

fn zk(circuit: &str, rest: &str) -> String {
    let key = "17".repeat(32);
    format!(
        "{{\"zk\": {{\"circuit\": \"{circuit}\", \"key\": \"0x{key}\", \"proof\": \":me\"{rest}}}}}"
    )
}

fn subscription(rest: &str) -> String {
    format!("{{\"subscription\": {{\"chain\": 314, \"contract\": \"{A}\"{rest}}}}}")
}

fn storage(chain: u64, rest: &str) -> String {
    format!("{{\"storage\": {{\"chain\": {chain}{rest}}}}}")
}

#[test]
fn storage_of_a_known_network_is_written_with_its_contracts() {
    let rest = format!(
        ", \"dataSet\": 1, \"paid\": {{\"rail\": 2, \"payer\": \"{A}\", \"token\": \"{B}\"}}"
    );
    for (chain, verifier, pay) in [
        (
            314,
            "0xBADd0B92C1c71d02E7d520f64c0876538fa2557F",
            "0x23b1e018F08BB982348b15a86ee926eEBf7F4DAa",
        ),
        (
            314_159,
            "0x85e366Cf9DD2c0aE37E963d9556F5f4718d6417C",
            "0x09a0fDc2723fAd1A7b8e3e00eE5DF73841df55a0",
        ),
    ] {
        let json = read(&storage(chain, &rest)).to_json();
        assert!(json.contains(verifier) && json.contains(pay), "{json}");
        let named = read(&storage(
            chain,
            &format!(", \"verifier\": \"{verifier}\"{rest}"),
        ));
        assert_eq!(named, read(&storage(chain, &rest)), "one digest");
    }
}

#[test]
fn what_a_reader_could_choose_to_fail_stands_under_no_not() {
    let list = allowlist(", \"proof\": \":p\"");
    let mine = subscription(", \"token\": \":mine\"");
    for leaf in [&list, &mine] {
        let twice = read(&format!("{{\"not\": {{\"not\": {leaf}}}}}"));
        let Rule::Not(once) = twice.rule().clone() else {
            panic!()
        };
        let error = Policy::new(*once, None).unwrap_err().to_string();
        assert!(error.contains("keeps nobody out"), "{error}");
        assert!(error.starts_with("rule.not."), "{error}");
    }
    for token in ["7", "\":item\""] {
        let named = subscription(&format!(", \"token\": {token}"));
        read(&format!("{{\"not\": {named}}}"));
    }
}

#[test]
fn rule_is_refused_when_it_makes_no_sense() {
    let b = "{\"balance\": {\"chain\": 314, \"min\": 1}}";
    let token = |standard: &str, rest: &str| {
        format!(
            "{{\"token\": {{\"chain\": 314, \"standard\": \"{standard}\", \"contract\": \"{A}\"{rest}}}}}"
        )
    };
    for (rule, part) in [
        ("{}".to_owned(), "an object with one key, this has 0"),
        (format!("{{\"all\": [{b}], \"any\": [{b}]}}"), "this has 2; combine"),
        ("[]".to_owned(), "expected a condition as an object"),
        ("{\"all\": []}".to_owned(), "`all` of nothing"),
        ("{\"any\": []}".to_owned(), "`any` of nothing"),
        ("{\"all\": {}}".to_owned(), "expected a list of conditions"),
        (format!("{{\"at_least\": {{\"k\": 0, \"of\": [{b}]}}}}"), "`k` is 1 to"),
        (format!("{{\"at_least\": {{\"k\": 2, \"of\": [{b}]}}}}"), "`k` is 1 to"),
        (format!("{{\"at_least\": {{\"of\": [{b}]}}}}"), "`k` is missing"),
        (format!("{{\"xor\": [{b}]}}"), "unknown condition `xor`, known are all"),
        ("{\"balance\": {\"chain\": 314, \"min\": 0}}".to_owned(), "everybody has at least 0"),
        ("{\"balance\": {\"chain\": 0, \"min\": 1}}".to_owned(), "0 is not a chain id"),
        ("{\"balance\": {\"chain\": -1, \"min\": 1}}".to_owned(), "must not be negative"),
        ("{\"balance\": {\"chain\": 99999999999999999999, \"min\": 1}}".to_owned(), "64 bits"),
        (format!("{{\"balance\": {{\"chain\": 1, \"min\": {}0}}}}", U256::MAX), "256 bits"),
        ("{\"balance\": {\"chain\": 1, \"min\": 1e3}}".to_owned(), "`1e3` is not an integer"),
        ("{\"balance\": {\"chain\": 1, \"min\": \"1_000\"}}".to_owned(), "write decimal digits"),
        ("{\"balance\": {\"chain\": 1, \"min\": \"0x10\"}}".to_owned(), "write decimal digits"),
        ("{\"balance\": {\"chain\": 1, \"min\": \"\"}}".to_owned(), "write decimal digits"),
        ("{\"balance\": {\"chain\": 1, \"min\": true}}".to_owned(), "expected an integer"),
        (token("erc20", ""), "`min` is missing"),
        (token("erc20", ", \"min\": 1, \"ids\": [1]"), "ERC-20 tokens have no ids"),
        (token("erc721", ", \"ids\": [1]"), "use `call` with ownerOf"),
        (token("erc1155", ""), "`ids` is missing"),
        (token("erc1155", ", \"ids\": []"), "`ids` is missing"),
        (token("erc1155", ", \"ids\": [1, 2, 1]"), "the id 1 stands here twice"),
        (token("erc-721", ""), "unknown standard `erc-721`, did you mean `erc721`?"),
        (token("erc721", ", \"finality\": \"latest\""), "expected \"finalized\" or"),
        (token("erc721", ", \"finality\": {\"confirmations\": 0}"), "at least 1 confirmation"),
        (token("erc721", ", \"finality\": {\"confirmations\": 100001}"), "at most 100000"),
        (token("erc721", ", \"finality\": {\"confirmation\": 3}"), "did you mean `confirmations`?"),
        ("{\"time\": {\"chain\": 1}}".to_owned(), "give `after`, `before` or both"),
        ("{\"time\": {\"chain\": 1, \"after\": 1700000000}}".to_owned(), "expected a time such as"),
        ("{\"time\": {\"chain\": 1, \"after\": \"2027-06-30\"}}".to_owned(), "is not a time"),
        ("{\"time\": {\"chain\": 1, \"after\": \"2027-06-30T00:00:00.5Z\"}}".to_owned(), "is not a time"),
        ("{\"time\": {\"chain\": 1, \"after\": \"2027-02-30T00:00:00Z\"}}".to_owned(), "is not a time"),
        ("{\"time\": {\"chain\": 1, \"after\": \"1969-12-31T23:59:59Z\"}}".to_owned(), "before 1970"),
        ("{\"time\": {\"chain\": 1, \"after\": \"2027-01-01T00:00:00Z\", \"before\": \"2027-01-01T00:00:00Z\"}}".to_owned(), "must be later"),
        ("{\"address\": {\"in\": []}}".to_owned(), "`in` of nothing"),
        (format!("{{\"address\": {{\"in\": [\"{A}\", \"{}\"]}}}}", A.to_lowercase()), "stands here twice"),
        (format!("{{\"address\": {{\"in\": [\"{}\"]}}}}", A.replace("5aA", "5aa")), "checksum"),
        ("{\"address\": {\"in\": [\"5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed\"]}}".to_owned(), "hex must begin with 0x"),
        ("{\"address\": {\"in\": [\"f410fabc\"]}}".to_owned(), "is not an address"),
        (allowlist(", \"proof\": \":p\", \"chain\": 0"), "0 is not a chain id"),
        (allowlist(""), "the field `proof` is missing"),
        (allowlist(", \"proof\": \"p\""), "expected the name of a context value"),
        (allowlist(", \"proof\": \":reader\""), "expected the name of a context value"),
        (allowlist(", \"proof\": \":1\""), "is not a placeholder"),
        (allowlist(", \"proof\": \":p\"").replace("0x17", "0x"), "a root has 32 bytes, this has 31"),
        (format!("{{\"not\": {}}}", allowlist(", \"proof\": \":p\"")), "keeps nobody out"),
        (format!("{{\"not\": {{\"any\": [{b}, {}]}}}}", allowlist(", \"proof\": \":p\"")), "keeps nobody out"),
        (subscription(""), "the field `token` is missing"),
        (subscription(", \"token\": \":reader\""), "`:reader` is an address"),
        (subscription(", \"token\": -1"), "must not be negative"),
        (subscription(", \"id\": 1"), "unknown field `id`"),
        (storage(314, ""), "the field `dataSet` is missing"),
        (storage(314, ", \"dataSet\": 1, \"provenWithin\": 0"), "1 epoch or more"),
        (storage(314, ", \"dataset\": 1"), "did you mean `dataSet`?"),
        (storage(1, ", \"dataSet\": 1"), "`verifier` is missing: no contract is known on chain 1"),
        (storage(314, ", \"dataSet\": 1, \"paid\": {\"rail\": 1}"), "the field `payer` is missing"),
        (storage(5, &format!(", \"verifier\": \"{A}\", \"dataSet\": 1, \"paid\": {{\"rail\": 1, \"payer\": \"{A}\", \"token\": \"{A}\"}}")), "`pay` is missing"),
        ("{\"grant\": {\"chain\": 314}}".to_owned(), "the field `registry` is missing"),
        (format!("{{\"grant\": {{\"chain\": 314, \"registry\": \"{A}\", \"context\": \":item\"}}}}"), "expected the name of a context value"),
        (zk("membership-20-v1", ""), "which group? give its `root`"),
        (zk("membership-20-v1", ", \"chain\": 1"), "the field `group` is missing"),
        (zk("membership-20-v1", &format!("{ROOT}, \"chain\": 1")), "not by both"),
        (zk("membership-33-v1", ROOT), "no such circuit"),
        (zk("membership-20-v2", ROOT), "no such circuit"),
        (zk("membership-20-v1", &ROOT.replace("0x17", "0x")), "expected 32 bytes, found 31"),
        (zk("membership-20-v1", &ROOT.replace("0x17", "0xff")), "not below the order of the field"),
        (zk("membership-20-v1", &format!("{ROOT}, \"attributes\": []")), "proves nothing of attributes"),
        (zk("membership-20-v1", &format!("{ROOT}, \"period\": 0")), "1 second or more"),
        (zk("credential-20-v1", &format!("{ROOT}, \"attributes\": [{{}}, {{}}, {{}}, {{}}, {{}}]")), "has 4 attributes, not 5"),
        (zk("credential-20-v1", &format!("{ROOT}, \"attributes\": [{{}}, {{\">=\": 3, \"<=\": 2}}]")), "the range of attribute 1"),
        (zk("credential-20-v1", &format!("{ROOT}, \"attributes\": [{{\"==\": 3, \"<=\": 4}}]")), "`==` stands alone"),
        (zk("credential-20-v1", &format!("{ROOT}, \"attributes\": [{{\"==\": -3}}]")), ""),
        (format!("{{\"not\": {}}}", zk("membership-20-v1", ROOT)), "keeps nobody out"),
        (format!("{{\"not\": {{\"any\": [{b}, {}]}}}}", zk("membership-20-v1", ROOT)), "keeps nobody out"),
    ] {
        let error = refused(&rule);
        assert!(error.contains(part), "{rule}: {error}");
        assert!(error.starts_with("line 2, column "), "{rule}: {error}");
    }
}

#[test]
fn policy_is_refused_over_each_limit_and_the_error_names_it() {
    let b = "{\"balance\": {\"chain\": 314, \"min\": 1}}";
    let limit = |rule: &str| match Policy::from_json(&with_rule(rule)) {
        Err(PolicyError::Limit { limit, found }) => (limit, found),
        other => panic!("{other:?}"),
    };
    let nested = |depth: usize| format!("{}{b}{}", "{\"not\": ".repeat(depth), "}".repeat(depth));
    read(&nested(MAX_DEPTH - 1));
    assert_eq!(limit(&nested(MAX_DEPTH)), (Limit::Depth, MAX_DEPTH + 1));
    let wide = |n: usize| format!("{{\"all\": [{}]}}", vec![b; n].join(","));
    read(&wide(MAX_LEAVES));
    assert_eq!(
        limit(&wide(MAX_LEAVES + 1)),
        (Limit::Leaves, MAX_LEAVES + 1)
    );
    let text = |n: usize| {
        call(
            "f(string) view returns (bool)",
            &format!("[\"{}\"]", "x".repeat(n)),
            "{\"==\": true}",
        )
    };
    read(&text(MAX_LITERAL_BYTES));
    assert_eq!(
        limit(&text(MAX_LITERAL_BYTES + 1)),
        (Limit::LiteralBytes, MAX_LITERAL_BYTES + 1)
    );
    let ids = |n: usize| {
        let ids: Vec<String> = (0..n).map(|i| i.to_string()).collect();
        format!(
            "{{\"token\": {{\"chain\": 1, \"standard\": \"erc1155\", \"contract\": \"{A}\", \"ids\": [{}]}}}}",
            ids.join(",")
        )
    };
    read(&ids(MAX_IDS));
    assert_eq!(limit(&ids(MAX_IDS + 1)), (Limit::Ids, MAX_IDS + 1));
    let addresses: Vec<String> = (0..800).map(|i| format!("\"0x{i:040x}\"")).collect();
    let rule = format!("{{\"address\": {{\"in\": [{}]}}}}", addresses.join(","));
    let (found, _) = limit(&rule);
    assert_eq!(found, Limit::Bytes);
    assert!(matches!(
        Policy::from_cbor(&vec![0; MAX_BYTES + 1]),
        Err(PolicyError::Limit {
            limit: Limit::Bytes,
            ..
        })
    ));
    let private = |n: usize| {
        let periods = (1..=n).map(|n| format!("{ROOT}, \"period\": {n}"));
        let leaves = periods.map(|rest| zk("membership-20-v1", &rest));
        leaves.collect::<Vec<_>>().join(",")
    };
    let most = private(MAX_PRIVATE);
    read(&format!("{{\"any\": [{most}]}}"));
    // One that stands twice is proven once.
    read(&format!("{{\"any\": [{most}, {most}]}}"));
    let more = format!("{{\"any\": [{}]}}", private(MAX_PRIVATE + 1));
    assert_eq!(limit(&more), (Limit::Private, MAX_PRIVATE + 1));
    let rule = from_json::policy(&with_rule(&more)).unwrap();
    assert!(matches!(
        Policy::from_cbor(&rule.to_cbor()),
        Err(PolicyError::Limit {
            limit: Limit::Private,
            found: 9,
        })
    ));
    let error = Policy::from_json(&with_rule(&wide(65))).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the policy has 65 leaves, at most 64 are allowed"
    );
}

#[test]
fn policy_made_by_a_program_is_checked_as_if_read() {
    let leaf = Leaf::Balance(Balance {
        chain: 314,
        tier: 0,
        min: U256::ONE,
    });
    let rule = Rule::Leaf(leaf);
    assert!(Policy::new(rule.clone(), None).is_ok());
    assert!(Policy::new(Rule::All(vec![]), None).is_err());
    assert!(
        Policy::new(
            Rule::AtLeast {
                k: 2,
                of: vec![rule.clone()]
            },
            None
        )
        .is_err()
    );
    assert!(Policy::new(Rule::All(vec![rule; 65]), None).is_err());
    let unsorted = AddressList {
        chain: None,
        list: vec![
            alloy_primitives::Address::repeat_byte(2),
            alloy_primitives::Address::ZERO,
        ],
    };
    assert!(Policy::new(Rule::Leaf(Leaf::Address(unsorted)), None).is_err());
}

#[test]
fn stored_policy_has_no_other_spelling() {
    let policy = read(&format!(
        "{{\"all\": [{{\"token\": {{\"chain\": 314, \"standard\": \"erc1155\", \"contract\": \"{A}\", \"ids\": [1, 2]}}}}, {{\"time\": {{\"chain\": 314, \"after\": \"2027-06-30T00:00:00Z\"}}}}, {}]}}",
        call(
            "f(string,int8) view returns (bytes4)",
            "[\"x\", -1]",
            "{\"in\": [\"0x01020304\", \"0x00000000\"]}"
        )
    ));
    let bytes = policy.to_cbor();
    // Every single-byte change is refused or another policy, never the same one again.
    let mut accepted = 0;
    for at in 0..bytes.len() {
        for change in 1..=255_u8 {
            let mut other = bytes.clone();
            other[at] ^= change;
            if let Ok(read) = Policy::from_cbor(&other) {
                assert_ne!(read, policy);
                assert_eq!(read.to_cbor(), other);
                accepted += 1;
            }
        }
    }
    assert!(
        accepted > 1000,
        "{accepted}: other contracts, chains, numbers"
    );
    for cut in 0..bytes.len() {
        assert!(Policy::from_cbor(&bytes[..cut]).is_err());
    }
}

#[test]
fn stored_policy_is_refused_with_the_place_in_the_tree() {
    for (hex, part) in [
        ("80", "policy: expected a map, found an array"),
        ("6161", "policy: expected a map, found a text string"),
        ("fb3ff8000000000000", "floating-point"),
        ("a0", "policy: `version` is missing"),
        ("a10102", "policy.version: version 2 is not known"),
        ("a10101", "policy: `rule` is missing"),
        ("a201010280", "rule: the rule is cut short"),
        ("a2010102820080", "rule: `all` of nothing"),
        (
            "a201010282008182 10a0",
            "rule.all[0].call: `chain` is missing",
        ),
        ("a2010102820f80", "rule: unknown condition number 15"),
        ("a201010282186380", "rule: unknown condition number 99"),
        ("a20101028212 a10101", "rule.balance: `min` is missing"),
        (
            "a20101028212 a201010500",
            "rule.balance.min: everybody has at least 0",
        ),
        ("a20101028212 a20118010501", "shortest"),
        ("a20101028212 a3010105010901", "rule.balance: unknown key 9"),
        (
            "a20101028212 a3010103000501",
            "rule.balance.confirmations: 0 confirmations",
        ),
        (
            "a201010283 03 8212a201010501 00",
            "rule: the rule has parts too many",
        ),
        (
            "a30101028212 a201010501 034100",
            "policy.salt: a salt has 16 bytes, this has 1",
        ),
        ("a30101028212 a201010501 0400", "policy: unknown key 4"),
        ("a20101028213 a10101", "rule.time.after: give `after`"),
        ("a20101028214 a10480", "rule.address.in: `in` of nothing"),
        (
            "a20101028214 a104814100",
            "rule.address.in: an address has 20 bytes, this has 1",
        ),
        (
            "a20101028215 a2044100056170",
            "rule.allowlist.root: a root has 32 bytes, this has 1",
        ),
        (
            &format!("a20101028215 a2045820{} 05646974656d", "00".repeat(32)),
            "`item` cannot name",
        ),
        (
            &format!("a20101028217 a40101 0254{} 0401 0500", "00".repeat(20)),
            "rule.storage.provenWithin: a proof is never younger",
        ),
        (
            &format!("a20101028217 a40101 0254{} 0401 06a0", "00".repeat(20)),
            "rule.storage.paid: `pay` is missing",
        ),
        ("a2010102821818 a10101", "rule.grant: `registry` is missing"),
        ("a2010102821819 a0", "rule.zk: `root` is missing"),
        (
            &format!("a2010102821819 a1045820{}", "ff".repeat(32)),
            "rule.zk.root: the number is not below",
        ),
        (
            &format!(
                "a2010102821819 a20254{}045820{}",
                "00".repeat(20),
                "00".repeat(32)
            ),
            "rule.zk: `chain` is missing",
        ),
    ] {
        let bytes = hex::decode(hex.replace(' ', "")).unwrap();
        let error = Policy::from_cbor(&bytes).unwrap_err().to_string();
        assert!(error.contains(part), "{hex}: {error}");
    }
}

#[test]
fn time_has_one_reading() {
    let after = |text: &str| {
        let policy = read(&format!(
            "{{\"time\": {{\"chain\": 1, \"after\": \"{text}\"}}}}"
        ));
        match policy.rule() {
            Rule::Leaf(Leaf::Time(time)) => time.after.unwrap(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(after("1970-01-01T00:00:00Z"), 0);
    assert_eq!(after("2027-06-30T00:00:00Z"), 1_814_313_600);
    assert_eq!(after("2027-06-30T00:00:00+00:00"), 1_814_313_600);
    assert_eq!(after("2027-06-30T02:00:00+02:00"), 1_814_313_600);
}
