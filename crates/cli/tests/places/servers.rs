//! `put` and `get` with servers and providers that lie, refuse or are not there.

use std::fs;

use crate::{
    Desk,
    double::{Double, Fault, Route},
    nobody, pieces, shown,
};

#[test]
fn get_names_the_server_that_fails_and_goes_on_to_the_next() {
    let desk = Desk::new();
    let honest = desk.provider();
    let good = honest.url.join("piece").unwrap();
    let elsewhere = nobody();
    for (number, (fault, words)) in [
        (Fault::Busy(3600), "the server answers 429"),
        (Fault::Status(500), "the server answers 500"),
        (Fault::Status(404), "it is not there"),
        (Fault::OtherBytes, "other bytes are there"),
        (Fault::Shorter, "the server's answer is wrong"),
        (Fault::TooMuch, "the server's answer is wrong"),
        (Fault::CutAfter(1000), ""),
        (
            Fault::Redirect(format!("{elsewhere}/x")),
            "the server redirects to",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let liar = desk.provider();
        liar.always(Route::Read, fault.clone());
        let bad = liar.url.join("piece").unwrap();
        let output = format!("got-{number}");
        // The manifest alone, so that no piece lies beside it.
        fs::create_dir(desk.path(&format!("at-{number}"))).unwrap();
        let manifest = format!("at-{number}/manifest-1.fee");
        fs::copy(desk.path("sealed/manifest-1.fee"), desk.path(&manifest)).unwrap();
        let mut args = vec!["get", &manifest, "-o", &output, "-i", "owner.key"];
        args.extend(["--from", bad.as_str()]);
        let said = desk.run(&args);
        said.fails(&[shown(&bad), words, "pieces are missing"]);
        assert!(
            !desk.path(&output).join("manifest-1.fee").exists(),
            "{fault:?}"
        );
        args.extend(["--from", good.as_str()]);
        let said = desk.run(&args).done();
        let told = format!("trying another copy: server {}", shown(&bad));
        assert!(said.stderr.contains(&told), "{fault:?}: {}", said.stderr);
        let mut decrypt = vec!["decrypt", &output, "-i", "owner.key", "-o"];
        let copy = format!("copy-{number}");
        decrypt.push(&copy);
        desk.run(&decrypt).done();
        desk.assert_same(&copy);
    }
}

#[test]
fn get_names_the_server_that_is_not_there_and_the_one_that_ignores_ranges() {
    let desk = Desk::new();
    let gone = nobody();
    fs::create_dir(desk.path("at")).unwrap();
    fs::copy(
        desk.path("sealed/manifest-1.fee"),
        desk.path("at/manifest-1.fee"),
    )
    .unwrap();
    let mut args = vec!["get", "at/manifest-1.fee", "-o", "got", "-i", "owner.key"];
    args.extend(["--from", &gone]);
    let said = desk.run(&args);
    said.fails(&[&gone, "pieces are missing"]);

    // Who sends the whole where a part was asked for: of what began to come it is asked for the whole.
    let provider = desk.provider();
    let place = provider.url.join("piece").unwrap();
    provider.always(Route::Read, Fault::CutAfter(100));
    let mut args = vec!["get", "at/manifest-1.fee", "-o", "parts", "-i", "owner.key"];
    args.extend(["--from", place.as_str()]);
    desk.run(&args).fails(&[shown(&place)]);
    provider.always(Route::Read, Fault::NoRange);
    let said = desk.run(&args).done();
    assert!(
        said.stderr.contains("the whole object instead of the part"),
        "{said:?}"
    );
    let mut args = vec![
        "decrypt",
        "at/manifest-1.fee",
        "--file",
        "large",
        "--range",
        "1MiB:10",
    ];
    args.extend(["-i", "owner.key", "-o", "part", "--from", place.as_str()]);
    desk.run(&args)
        .fails(&[shown(&place), "the whole object instead of the part"]);
    assert!(!desk.path("part").exists());
}

#[test]
fn put_names_the_provider_that_fails_and_stores_with_the_others() {
    let desk = Desk::new();
    let gone = nobody();
    for (route, fault, words) in [
        (Route::Begin, Fault::Status(500), "500"),
        (Route::Begin, Fault::Busy(3600), "429"),
        (Route::Send, Fault::Status(507), "no space is left"),
        (Route::Finalise, Fault::Status(400), "400"),
        (
            Route::Begin,
            Fault::Redirect(format!("{gone}/x")),
            "redirects",
        ),
    ] {
        let (bad, good) = (Double::start(), Double::start());
        bad.always(route, fault.clone());
        let (bad_place, good_place) = (format!("pdp+{}", bad.url), format!("pdp+{}", good.url));
        let mut args = vec!["put", "sealed", "--max-piece", "1048576"];
        args.extend(["--to", &bad_place, "--to", &good_place]);
        desk.run(&args).fails(&[shown(&bad.url), words]);
        // The other has all of it by now.
        let stored = good.desk().pieces.len();
        assert_eq!(stored, pieces(&desk.path("sealed")).len() + 1, "{fault:?}");
        bad.always(route, Fault::None);
        let said = desk.run(&args).done();
        assert!(said.stdout.starts_with("stheno:collection/"), "{said:?}");
        assert_eq!(bad.desk().pieces.len(), stored, "{fault:?}");
    }
    let place = format!("pdp+{gone}");
    desk.run(&["put", "sealed", "--to", &place]).fails(&[&gone]);
}

#[test]
fn put_refuses_places_that_are_only_read_before_it_does_anything() {
    let desk = Desk::new();
    for place in ["https://a.example/piece".to_owned(), desk.ipfs()] {
        desk.run(&["put", "sealed", "--to", &place])
            .fails(&["nothing can be put"]);
    }
}

#[test]
fn dry_runs_ask_nobody_for_pieces() {
    let desk = Desk::new();
    let place = format!("pdp+{}", nobody());
    let mut args = vec![
        "put",
        "sealed",
        "--to",
        &place,
        "--dry-run",
        "--price",
        "2.5",
        "--json",
    ];
    args.extend(["--max-piece", "1048576"]);
    let plan = desk.run(&args).done().json();
    let there = pieces(&desk.path("sealed"));
    assert_eq!(plan["pieces"], there.len() + 1);
    let manifest = fs::metadata(desk.path("sealed/manifest-1.fee"))
        .unwrap()
        .len();
    let bytes: usize = there.iter().map(|piece| piece.bytes.len()).sum();
    assert_eq!(plan["bytes"], bytes as u64 + manifest);
    let double = desk.provider();
    double.always(Route::Read, Fault::Status(500));
    let from = double.url.join("piece").unwrap();
    let mut args = vec![
        "get",
        "sealed",
        "-o",
        "got",
        "-i",
        "owner.key",
        "--dry-run",
        "--json",
    ];
    args.extend(["--from", from.as_str()]);
    let plan = desk.run(&args).done().json();
    assert_eq!(plan["pieces"], there.len());
    assert_eq!(plan["bytes"], bytes as u64);
    assert_eq!(double.count(Route::Read), 0);
    // From a gateway the manifest is fetched, and nothing else.
    let gateway = desk.gateway();
    let mut args = vec![
        "get",
        "-o",
        "got2",
        "-i",
        "owner.key",
        "--dry-run",
        "--json",
    ];
    let (ipfs, url) = (desk.ipfs(), gateway.url.to_string());
    args.extend([ipfs.as_str(), "--gateway", &url]);
    let plan = desk.run(&args).done().json();
    assert_eq!(plan["pieces"], there.len());
    assert!(gateway.count().0 <= 3, "{:?}", gateway.count());
}
