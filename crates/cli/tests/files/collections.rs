//! Encrypted folders at the command line: encrypted, listed, added to, stored, fetched, decrypted.

use std::{collections::BTreeMap, fs, path::Path};

use crate::folder::{Folder, Said};

/// A folder with a key pair and files in `data`, of which one has several pieces.
struct Desk {
    folder: Folder,
    public: String,
}

const SMALL: [&str; 4] = ["--chunk-size", "4096", "--max-piece", "20000"];

impl Desk {
    fn new() -> Self {
        let folder = Folder::new();
        let public = folder.keygen("owner.key");
        let desk = Self { folder, public };
        desk.put("data/a.csv", b"a,b\n1,2\n");
        desk.put("data/empty", b"");
        desk.put("data/deep/Μέδουσα", &noise(100_000));
        desk
    }

    fn put(&self, name: &str, bytes: &[u8]) {
        let path = self.folder.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    fn encrypt(&self, out: &str, more: &[&str]) -> serde_json::Value {
        let args = ["encrypt", "data", "-o", out, "--also-to", &self.public];
        self.folder.json(&[&args, &SMALL[..], more].concat())
    }

    fn content(&self, name: &str) -> BTreeMap<String, Vec<u8>> {
        content(&self.folder.path(name))
    }
}

fn noise(len: usize) -> Vec<u8> {
    let numbers = 0..len as u64;
    numbers
        .map(|i| (i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as u8)
        .collect()
}

/// All files below a folder, hidden ones included, and what is in them.
fn content(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => {
                    let name = path.strip_prefix(root).unwrap().to_str().unwrap();
                    found.insert(name.to_owned(), fs::read(&path).unwrap());
                }
            }
        }
    }
    found
}

const KEY: [&str; 2] = ["-i", "owner.key"];

#[test]
fn folder_is_encrypted_listed_and_decrypted() {
    let desk = Desk::new();
    let said = desk.encrypt("sealed", &[]);
    assert_eq!(said["files"], 3);
    assert_eq!(said["encrypted"], 3);
    assert_eq!(said["version"], 1);
    let names = desk.content("sealed");
    assert!(names.contains_key("manifest-1.fee"));
    assert!(names.keys().all(|name| !name.starts_with('.')), "{names:?}");

    let listed = desk.folder.json(&[&["ls", "sealed"], &KEY[..]].concat());
    assert_eq!(listed["collection"], "data");
    assert_eq!(listed["bytes"], 100_008);
    let paths: Vec<&str> = listed["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| file["path"].as_str().unwrap())
        .collect();
    assert_eq!(paths, ["a.csv", "deep/Μέδουσα", "empty"]);
    assert_eq!(listed["files"][0]["mediaType"], "text/csv");
    assert!(listed["files"][1]["pieces"].as_array().unwrap().len() > 5);
    let said = desk
        .folder
        .done(&["ls", "sealed/manifest-1.fee", "-i", "owner.key"]);
    assert!(said.stdout.contains("deep/Μέδουσα") && said.stdout.contains("3 files"));

    let said = desk
        .folder
        .json(&["decrypt", "sealed", "-o", "copy", "-i", "owner.key"]);
    assert_eq!((&said["files"], &said["already"]), (&3.into(), &0.into()));
    assert_eq!(desk.content("copy"), desk.content("data"));
    let manifest = "sealed/manifest-1.fee";
    let said = desk.folder.json(&[
        "decrypt",
        manifest,
        "--all",
        "-o",
        "copy",
        "-i",
        "owner.key",
    ]);
    assert_eq!(said["already"], 3);
}

#[test]
fn one_file_of_a_folder_and_a_part_of_one_are_decrypted() {
    let desk = Desk::new();
    desk.encrypt("sealed", &["--one-item"]);
    let one = [
        "decrypt",
        "sealed",
        "--file",
        "deep/Μέδουσα",
        "-i",
        "owner.key",
        "-o",
    ];
    desk.folder.done(&[&one[..], &["whole"]].concat());
    assert_eq!(desk.folder.read("whole"), noise(100_000));
    desk.folder
        .done(&[&one[..], &["part", "--range", "50000:10000"]].concat());
    assert_eq!(desk.folder.read("part"), noise(100_000)[50_000..60_000]);
    let said = desk
        .folder
        .done(&[&one[..], &["-", "--range", "99990:"]].concat());
    assert_eq!(
        said.stdout.as_bytes(),
        String::from_utf8_lossy(&noise(100_000)[99_990..]).as_bytes()
    );

    let with = |more: &[&str]| -> Vec<String> {
        let args = [&["decrypt", "sealed", "-i", "owner.key", "-o", "out"], more].concat();
        args.into_iter().map(str::to_owned).collect()
    };
    for (more, words) in [
        (vec!["--file", "deep/none"], vec!["no file", "stheno ls"]),
        (vec!["--file", "../data/a.csv"], vec!["no file"]),
        (vec!["--file", "a.csv", "--range", "0:9"], vec!["8"]),
        (vec!["--range", "0:9"], vec!["--file"]),
    ] {
        let args = with(&more);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        desk.folder.fails(&args, &words);
    }
}

#[test]
fn folder_is_added_to_without_writing_to_what_is_stored() {
    let desk = Desk::new();
    desk.encrypt("sealed", &[]);
    let before = desk.content("sealed");
    desk.put("more/b", b"b");
    desk.put("more/a.csv", b"a,b\n1,2\n");
    let add = [
        "add",
        "more",
        "--to",
        "sealed",
        "-i",
        "owner.key",
        "--also-to",
        &desk.public,
    ];
    let said = desk.folder.json(&add);
    assert_eq!(
        (&said["version"], &said["encrypted"], &said["kept"]),
        (&2.into(), &1.into(), &1.into())
    );
    let after = desk.content("sealed");
    assert_eq!(after.len(), before.len() + 2);
    assert!(
        before
            .iter()
            .all(|(name, bytes)| after.get(name) == Some(bytes))
    );
    let listed = desk.folder.json(&["ls", "sealed", "-i", "owner.key"]);
    assert_eq!(listed["files"].as_array().unwrap().len(), 4);
    assert_eq!(listed["version"], 2);
    // The version before is still there.
    let listed = desk
        .folder
        .json(&["ls", "sealed/manifest-1.fee", "-i", "owner.key"]);
    assert_eq!(listed["files"].as_array().unwrap().len(), 3);
}

#[test]
fn folder_goes_out_and_comes_back_by_a_link_without_a_secret() {
    let desk = Desk::new();
    desk.encrypt("sealed", &[]);
    let plan = desk.folder.json(&[
        "put",
        "sealed",
        "--to",
        "a",
        "--to",
        "b",
        "--dry-run",
        "--price",
        "2",
    ]);
    let stored = plan["storedBytes"].as_u64().unwrap();
    assert_eq!(stored, 2 * plan["bytes"].as_u64().unwrap());
    let cost = plan["costPerMonth"].as_f64().unwrap();
    assert!((cost - 2.0 * stored as f64 / (1_u64 << 40) as f64).abs() < 1e-12);
    assert!(!desk.folder.path("a").exists());

    let said = desk.folder.json(&[
        "put",
        "sealed",
        "--to",
        "a",
        "--to",
        "b",
        "--max-piece",
        "20000",
    ]);
    let link = said["link"].as_str().unwrap();
    assert!(link.starts_with("stheno:collection/bafkzcib"), "{link}");
    assert!(!link.contains('?'), "folders are nobody else's: {link}");
    assert_eq!(
        said["pieces"].as_u64().unwrap(),
        2 * plan["pieces"].as_u64().unwrap()
    );
    let again = desk
        .folder
        .json(&["put", "sealed", "--to", "a", "--max-piece", "20000"]);
    assert_eq!(again["already"], again["pieces"]);

    // A piece of one copy is damaged, another is lost: the other copy has them.
    let stored = desk.content("a");
    let mut names = stored.keys();
    fs::write(
        desk.folder.path("a").join(names.next().unwrap()),
        b"damaged",
    )
    .unwrap();
    fs::remove_file(desk.folder.path("a").join(names.next().unwrap())).unwrap();
    let get = [
        "get",
        link,
        "--from",
        "a",
        "--from",
        "b",
        "-i",
        "owner.key",
        "-o",
        "got",
    ];
    let said = desk.folder.done(&get);
    assert!(
        said.stderr.contains("trying another copy"),
        "{}",
        said.stderr
    );
    assert_eq!(desk.content("got"), desk.content("sealed"));
    desk.folder
        .done(&["decrypt", "got", "-i", "owner.key", "-o", "copy"]);
    assert_eq!(desk.content("copy"), desk.content("data"));

    // Or without fetching all of it.
    let part = [
        "decrypt",
        link,
        "--from",
        "b",
        "--file",
        "a.csv",
        "-i",
        "owner.key",
        "-o",
        "a.csv",
    ];
    desk.folder.done(&part);
    assert_eq!(desk.folder.read("a.csv"), b"a,b\n1,2\n");

    // Without the lost piece nothing is whole, and the piece is named.
    let lost = desk
        .content("b")
        .into_keys()
        .find(|name| !desk.content("a").contains_key(name));
    let lost = lost.unwrap();
    fs::remove_file(desk.folder.path("b").join(&lost)).unwrap();
    let get = ["get", link, "--from", "b", "-i", "owner.key", "-o", "short"];
    let said = Said::of(desk.folder.stheno(&get).output().unwrap());
    assert_eq!(said.code, Some(2), "{}", said.stderr);
    said.complains(&["missing"]);
}

#[test]
fn file_goes_out_and_comes_back_by_a_link() {
    let desk = Desk::new();
    let file = "data/deep/Μέδουσα";
    let encrypt = ["encrypt", file, "-o", "file.fee", "--also-to", &desk.public];
    desk.folder
        .done(&[&encrypt[..], &["--chunk-size", "4096"]].concat());
    let said = desk
        .folder
        .done(&["put", "file.fee", "--to", "store", "--max-piece", "20000"]);
    let link = said.stdout.trim();
    assert!(
        link.starts_with("stheno:file/") && link.contains(','),
        "{link}"
    );
    desk.folder
        .done(&["get", link, "--from", "store", "-o", "got.fee"]);
    assert_eq!(desk.folder.read("got.fee"), desk.folder.read("file.fee"));
    assert!(
        desk.folder
            .names()
            .iter()
            .all(|name| !name.starts_with('.')),
        "{:?}",
        desk.folder.names()
    );
    desk.folder.fails(
        &["get", link, "--from", "store", "-o", "got.fee"],
        &["exists"],
    );
    desk.folder
        .fails(&["get", link, "-o", "other.fee"], &["--from"]);
    desk.folder.fails(
        &["get", link, "--from", "nowhere", "-o", "other.fee"],
        &["nowhere"],
    );
}

#[test]
fn car_of_envelope_and_folder_is_written_with_its_root() {
    let desk = Desk::new();
    let said = desk.encrypt("sealed", &["--car", "sealed.car"]);
    let root = said["root"].as_str().unwrap();
    assert!(root.starts_with("bafybei"), "{root}");
    let listed = desk.folder.json(&["ls", "sealed", "-i", "owner.key"]);
    assert!(
        listed["files"][0]["cid"]
            .as_str()
            .unwrap()
            .starts_with("baf")
    );
    let encrypt = [
        "encrypt",
        "text",
        "-o",
        "text.fee",
        "--also-to",
        &desk.public,
    ];
    let said = desk
        .folder
        .json(&[&encrypt[..], &["--car", "text.car"]].concat());
    assert!(said["root"].as_str().unwrap().starts_with("bafkrei"));
    assert!(
        desk.folder
            .read("text.car")
            .ends_with(&desk.folder.read("text.fee"))
    );
    desk.folder.fails(
        &[&encrypt[..], &["-f", "--car", "text.fee"]].concat(),
        &["name of its own"],
    );
}

#[test]
fn what_is_no_folder_to_encrypt_is_refused_with_a_word() {
    let desk = Desk::new();
    let public = desk.public.clone();
    let to = ["--also-to", public.as_str()];
    fs::create_dir(desk.folder.path("nothing")).unwrap();
    let mut refused: Vec<(Vec<&str>, Vec<&str>)> = vec![
        (
            vec!["encrypt", "nothing", "-o", "out"],
            vec!["holds no files"],
        ),
        (
            vec!["encrypt", "data", "-o", "data/out"],
            vec!["lies in the folder"],
        ),
        (vec!["encrypt", "data", "-o", "-"], vec!["-o FOLDER"]),
        (
            vec!["encrypt", "data", "-o", "out", "--force"],
            vec!["stheno add"],
        ),
        (
            vec!["encrypt", "data", "-o", "out", "--max-piece", "10"],
            vec!["127"],
        ),
        (
            vec!["encrypt", "data", "-o", "out", "--max-piece", "20000"],
            vec!["--chunk-size"],
        ),
        (
            vec!["encrypt", "text", "-o", "out", "--one-item"],
            vec!["is for folders"],
        ),
        (
            vec!["decrypt", "data", "-o", "out", "-i", "owner.key"],
            vec!["no manifest"],
        ),
    ];
    for (args, words) in &mut refused {
        if args[0] == "encrypt" {
            args.extend(to);
        }
        desk.folder.fails(args, words);
    }
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("/etc", desk.folder.path("data/link")).unwrap();
        let args = ["encrypt", "data", "-o", "out", "--also-to", &public];
        desk.folder
            .fails(&args, &["data/link", "is a link", "--skip"]);
        let said = desk.folder.done(&[&args[..], &["--skip"]].concat());
        assert!(
            said.stderr.contains("skipped: data/link"),
            "{}",
            said.stderr
        );
    }
    desk.folder
        .fails(&["put", "nothing", "--to", "a"], &["no manifest"]);
    desk.folder
        .fails(&["put", "text", "--to", "https://a.example/x"], &["pdp+"]);
    desk.folder
        .fails(&["ls", "stheno:collection/none"], &["no link"]);
}

/// `kill -9` at some moment of `encrypt`, `put`, `get` and `decrypt`: the same command goes on.
#[cfg(unix)]
#[test]
fn folder_survives_kills_on_all_its_ways() {
    use std::time::{Duration, Instant};
    let desk = Desk::new();
    desk.put("data/large", &noise(10_000_000));
    // Kills when so many files are there, and says whether there was something to kill.
    let killed = |args: &[&str], folder: &str, count: usize| {
        let mut child = desk.folder.stheno(args).spawn().unwrap();
        let (path, began) = (desk.folder.path(folder), Instant::now());
        let there = || fs::read_dir(&path).map_or(0, |entries| entries.count());
        while there() < count && began.elapsed() < Duration::from_secs(60) {
            std::thread::sleep(Duration::from_micros(200));
        }
        child.kill().unwrap();
        !child.wait().unwrap().success()
    };
    let args = ["encrypt", "data", "-o", "sealed", "--also-to", &desk.public];
    let args = [&args[..], &SMALL].concat();
    assert!(killed(&args, "sealed", 20));
    assert!(!desk.folder.path("sealed/manifest-1.fee").exists());
    let said = desk.folder.json(&args);
    assert_eq!(said["files"], 4);
    assert!(said["kept"].as_u64().unwrap() >= 1, "{said}");
    let listed = desk.folder.json(&["ls", "sealed", "-i", "owner.key"]);
    let files = listed["files"].as_array().unwrap().iter();
    let pieces: usize = files
        .map(|file| file["pieces"].as_array().unwrap().len())
        .sum();
    // Nothing is left of the file that was killed.
    assert_eq!(desk.content("sealed").len(), pieces + 1);

    let put = [
        "put",
        "sealed",
        "--to",
        "store",
        "--parallel",
        "1",
        "--max-piece",
        "20000",
    ];
    assert!(killed(&put, "store", 20));
    let said = desk.folder.json(&put);
    assert!(said["already"].as_u64().unwrap() >= 10, "{said}");
    let link = said["link"].as_str().unwrap().to_owned();

    let get = [
        "get",
        &link,
        "--from",
        "store",
        "--parallel",
        "1",
        "-i",
        "owner.key",
        "-o",
        "got",
    ];
    assert!(killed(&get, "got", 20));
    let said = desk.folder.json(&get);
    assert!(said["already"].as_u64().unwrap() >= 10, "{said}");
    assert!(
        desk.content("got")
            .keys()
            .all(|name| !name.starts_with('.'))
    );

    let decrypt = ["decrypt", "got", "-i", "owner.key", "-o", "copy"];
    killed(&decrypt, "copy", 2);
    desk.folder.done(&decrypt);
    assert_eq!(desk.content("copy"), desk.content("data"));
}
