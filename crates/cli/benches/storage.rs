//! An encrypted folder out to a provider and back, beside plain copies of the same bytes in the same
//! run: `make bench-storage`.
//!
//! The provider is a double of Curio's API over loopback, in this process. It keeps pieces as files
//! and **does not compute their PieceCIDs**, as a real one does: what counts is the command. So a
//! plain copy over HTTP is `curl` with the same server. Everything is on the disk, and durable where
//! a command promises that; plain copies are told to be, too.
//!
//! `STHENO_BENCH_MIB` sets another size of the large file than 5 GiB, `STHENO_BENCH_FILES` another
//! number of small ones than 100,000, `STHENO_BENCH_RUNS` another number of runs than 3, and
//! `STHENO_BENCH_FOLDER` where all that is; it takes five times the large file.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    missing_docs
)]

mod process;

use std::{
    collections::BTreeSet,
    env,
    fs::{self, File},
    io::{Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Request, State},
    http::{Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures::{StreamExt, stream};
use tempfile::TempDir;

use process::{median, watch};

const STHENO: &str = env!("CARGO_BIN_EXE_stheno");
/// Bytes of a small file.
const SMALL: usize = 2048;
/// Bytes that are read out of the middle, across the border of two pieces.
const PART: u64 = 1 << 20;
/// Bytes of a chunk, by default.
const CHUNK: u64 = 256 << 10;
/// Bytes of a part of an answer.
const BLOCK: u64 = 256 << 10;

fn main() {
    // `cargo test --benches` runs it too, to see that it runs.
    let testing = !env::args().any(|arg| arg == "--bench");
    let number =
        |name, default: u64| env::var(name).map_or(default, |text| text.parse().expect("a number"));
    let mib = number("STHENO_BENCH_MIB", if testing { 8 } else { 5120 });
    let files = number("STHENO_BENCH_FILES", if testing { 20 } else { 100_000 });
    let runs = number("STHENO_BENCH_RUNS", if testing { 1 } else { 3 });
    // The largest piece of a provider, or as many pieces of the large file for less.
    let piece = if testing { 4 << 20 } else { 1_065_353_216 };
    println!("\nMedian of {runs} runs; the peak of memory is the largest.\n");

    let bench = Bench::new(piece);
    bench.make_large(mib);
    bench.table(&format!("a file of {mib} MiB"), mib << 20, runs);
    bench.part_across_the_border();

    let bench = Bench::new(piece);
    bench.make_small(files);
    let bytes = files * SMALL as u64;
    bench.table(&format!("{files} files of {SMALL} bytes"), bytes, runs);
}

/// A folder, what becomes of it, and who stores it.
struct Bench {
    desk: TempDir,
    provider: Provider,
    /// Bytes of the largest piece.
    piece: u64,
    /// The key that opens everything, as a recipient.
    owner: String,
}

/// What a command took.
struct Took {
    time: Duration,
    peak_mib: u64,
    said: String,
}

/// A row of the table.
struct Row {
    name: &'static str,
    times: Vec<Duration>,
    peak_mib: u64,
    /// The row of the plain copy to compare it with.
    beside: usize,
}

impl Bench {
    fn new(piece: u64) -> Self {
        let desk = match env::var_os("STHENO_BENCH_FOLDER") {
            Some(folder) => tempfile::tempdir_in(folder),
            None => tempfile::tempdir(),
        };
        let desk = desk.expect("a folder");
        let provider = Provider::start(&desk.path().join("provider"));
        let mut bench = Self {
            desk,
            provider,
            piece,
            owner: String::new(),
        };
        let said = bench.run(STHENO, &["keygen", "-o", "owner.key"]).said;
        let recipient = said.split_whitespace().find(|w| w.starts_with("stheno1"));
        bench.owner = recipient.expect("a recipient").to_owned();
        fs::create_dir(bench.path("data")).expect("a folder");
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.desk.path().join(name)
    }

    fn make_large(&self, mib: u64) {
        let mut file = File::create(self.path("data/large")).expect("a file");
        let mut block: Vec<u8> = (0..1_u32 << 18)
            .flat_map(|i| i.wrapping_mul(0x9e37_79b9).to_le_bytes())
            .collect();
        for number in 0..mib {
            block[..8].copy_from_slice(&number.to_le_bytes());
            file.write_all(&block).expect("room for the file");
        }
        file.sync_all().expect("a disk");
    }

    fn make_small(&self, files: u64) {
        for number in 0..files {
            let folder = self.path(&format!("data/{:03}", number / 1000));
            if number % 1000 == 0 {
                fs::create_dir(&folder).expect("a folder");
            }
            let mut bytes = vec![7; SMALL];
            bytes[..8].copy_from_slice(&number.to_le_bytes());
            fs::write(folder.join(format!("{number:06}.txt")), bytes).expect("room for the files");
        }
    }

    /// Runs a program in the folder, and waits for it.
    fn run(&self, program: &str, args: &[&str]) -> Took {
        let mut command = Command::new(program);
        for name in ["PRIVATE_KEY", "KEYSTORE", "NETWORK", "RPC"] {
            command.env_remove(format!("STHENO_{name}"));
        }
        let start = Instant::now();
        let mut child = command
            .args(args)
            .current_dir(self.desk.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{program}: {error}"));
        let peak = watch(child.id());
        let mut errors = child.stderr.take().expect("a pipe");
        let errors = thread::spawn(move || {
            let mut text = String::new();
            errors.read_to_string(&mut text).map(|_| text)
        });
        let mut said = String::new();
        let mut output = child.stdout.take().expect("a pipe");
        output.read_to_string(&mut said).expect("its words");
        let ended = child.wait().expect("it ends");
        let time = start.elapsed();
        let errors = errors.join().expect("a thread").expect("its words");
        assert!(ended.success(), "{program} {args:?}: {errors}");
        Took {
            time,
            peak_mib: peak.join().expect("a peak"),
            said,
        }
    }

    /// Out and back, again and again, each step from nothing.
    fn table(&self, what: &str, bytes: u64, runs: u64) {
        let names = [
            "cp, and sync",
            "encrypt",
            "curl, out",
            "put",
            "curl, back",
            "get",
            "decrypt",
        ];
        let beside = [0, 0, 2, 2, 4, 4, 0];
        let rows = names.into_iter().zip(beside);
        let mut rows: Vec<Row> = rows
            .map(|(name, beside)| Row {
                name,
                times: Vec::new(),
                peak_mib: 0,
                beside,
            })
            .collect();
        for _ in 0..runs {
            for (row, took) in rows.iter_mut().zip(self.once()) {
                row.times.push(took.time);
                row.peak_mib = row.peak_mib.max(took.peak_mib);
            }
        }
        println!("| {what} | s | MB/s | × plain copy | peak MiB |\n|---|---:|---:|---:|---:|");
        let medians: Vec<Duration> = rows.iter().map(|row| median(row.times.clone())).collect();
        for (row, time) in rows.iter().zip(&medians) {
            let rate = bytes as f64 / time.as_secs_f64() / 1e6;
            let ratio = time.as_secs_f64() / medians[row.beside].as_secs_f64();
            let (name, peak) = (row.name, row.peak_mib);
            let seconds = time.as_secs_f64();
            println!("| {name} | {seconds:.1} | {rate:.0} | {ratio:.2} | {peak} |");
        }
        println!();
    }

    fn once(&self) -> Vec<Took> {
        for old in ["copy", "sealed", "provider", "got", "back", "fetched"] {
            let _ = fs::remove_dir_all(self.path(old));
        }
        fs::create_dir(self.path("provider")).expect("a folder");
        fs::create_dir(self.path("fetched")).expect("a folder");
        let copied = self.run("sh", &["-c", "cp -r data copy && sync -f copy"]);
        let piece = self.piece.to_string();
        let encrypt = ["encrypt", "data", "-o", "sealed", "--also-to", &self.owner];
        let sealed = self.run(STHENO, &[&encrypt[..], &["--max-piece", &piece]].concat());
        let url = &self.provider.url;
        let sent = self.run(
            "curl",
            &["--silent", "--fail", "--config", &self.list(true)],
        );
        // What `curl` sent is not there for `put`.
        let _ = fs::remove_dir_all(self.path("provider"));
        fs::create_dir(self.path("provider")).expect("a folder");
        let to = format!("pdp+{url}");
        let stored = self.run(
            STHENO,
            &["put", "sealed", "--to", &to, "--max-piece", &piece],
        );
        let link = stored.said.trim().to_owned();
        let fetched = self.run(
            "curl",
            &["--silent", "--fail", "--config", &self.list(false)],
        );
        let got = self.run(STHENO, &["get", &link, "-i", "owner.key", "-o", "got"]);
        let opened = self.run(
            STHENO,
            &["decrypt", "got", "-i", "owner.key", "--all", "-o", "back"],
        );
        let differs = self.run("diff", &["-r", "data", "back"]).said;
        assert!(differs.is_empty(), "what came back is something else");
        fs::write(self.path("link"), link).expect("a link");
        vec![copied, sealed, sent, stored, fetched, got, opened]
    }

    /// All pieces, as `curl` wants to be told: over one connection, one after the other.
    fn list(&self, out: bool) -> String {
        let mut list = String::new();
        for entry in fs::read_dir(self.path("sealed")).expect("the folder") {
            let name = entry.expect("an entry").file_name();
            let name = name.to_str().expect("text").to_owned();
            let url = format!("{}/piece/{name}", self.provider.url);
            list += &match out {
                true => format!("upload-file = \"sealed/{name}\"\nurl = \"{url}\"\n"),
                false if name.starts_with("manifest") => continue,
                false => format!("output = \"fetched/{name}\"\nurl = \"{url}\"\n"),
            };
        }
        let name = if out { "out.curl" } else { "back.curl" };
        fs::write(self.path(name), list).expect("a list");
        name.to_owned()
    }

    /// A mebibyte, half of which is in another piece.
    fn part_across_the_border(&self) {
        let link = fs::read_to_string(self.path("link")).expect("a link");
        // The border is after the last chunk that fits; the header is smaller than a kibibyte.
        let border = (self.piece - 1024) / (CHUNK + 16) * CHUNK;
        let range = format!("{}:{PART}", border - PART / 2);
        self.provider.seen.lock().unwrap().clear();
        let all = [
            "decrypt",
            &link,
            "-i",
            "owner.key",
            "--file",
            "large",
            "--range",
            &range,
            "-o",
            "part",
        ];
        let took = self.run(STHENO, &all);
        let seen = std::mem::take(&mut *self.provider.seen.lock().unwrap());
        let (manifest, file): (Vec<_>, Vec<_>) = seen
            .into_iter()
            .partition(|(piece, _)| link.contains(piece));
        let mut data = File::open(self.path("data/large")).expect("the file");
        data.seek(SeekFrom::Start(border - PART / 2))
            .expect("a place");
        let mut expected = vec![0; PART as usize];
        data.read_exact(&mut expected).expect("a part");
        assert!(fs::read(self.path("part")).expect("a part") == expected);
        let row = |name: &str, seen: &[(String, u64)]| {
            let bytes: u64 = seen.iter().map(|(_, bytes)| bytes).sum();
            println!("| {name} | {} | {bytes} |", seen.len());
        };
        println!("| 1 MiB across the border of two pieces | requests | bytes |\n|---|---:|---:|");
        row("its manifest", &manifest);
        row("its header and the part", &file);
        let pieces: BTreeSet<&String> = file.iter().map(|(piece, _)| piece).collect();
        assert_eq!(pieces.len(), 2, "the part is in two pieces");
        println!(
            "\nThat took {:.0} ms from the start of the process.\n",
            took.time.as_secs_f64() * 1e3
        );
    }
}

/// A double of a PDP provider that keeps pieces in a folder, and runs until the process ends.
struct Provider {
    url: String,
    seen: Seen,
}

/// Which pieces were asked for, and how many bytes of each.
type Seen = Arc<Mutex<Vec<(String, u64)>>>;

#[derive(Clone)]
struct Store {
    folder: PathBuf,
    uploads: Arc<AtomicU64>,
    seen: Seen,
}

impl Provider {
    fn start(folder: &Path) -> Self {
        let store = Store {
            folder: folder.to_owned(),
            uploads: Arc::default(),
            seen: Arc::default(),
        };
        let seen = Arc::clone(&store.seen);
        let (bound, address) = std::sync::mpsc::channel();
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async move {
                let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
                bound.send(listener.local_addr().unwrap()).unwrap();
                let router = Router::new().fallback(answer).with_state(store);
                axum::serve(listener, router).await.unwrap();
            });
        });
        Self {
            url: format!("http://{}", address.recv().unwrap()),
            seen,
        }
    }
}

async fn answer(State(store): State<Store>, request: Request) -> Response {
    const UPLOADS: &str = "/pdp/piece/uploads";
    let path = request.uri().path().to_owned();
    let upload = path
        .strip_prefix(UPLOADS)
        .map(|id| id.trim_start_matches('/').to_owned());
    let piece = path.strip_prefix("/piece/").map(str::to_owned);
    match (request.method(), upload, piece) {
        (&Method::POST, Some(id), _) if id.is_empty() => {
            let id = store.uploads.fetch_add(1, Ordering::Relaxed);
            let location = format!("{UPLOADS}/{id:032x}");
            (StatusCode::CREATED, [(header::LOCATION, location)]).into_response()
        }
        (&Method::PUT, Some(id), _) => store.take(&id, request.into_body()).await,
        (&Method::POST, Some(id), _) => {
            let body = axum::body::to_bytes(request.into_body(), 4096)
                .await
                .unwrap();
            let named: serde_json::Value = serde_json::from_slice(&body).unwrap();
            let name = named["pieceCid"].as_str().unwrap();
            fs::rename(store.folder.join(id), store.folder.join(name)).unwrap();
            StatusCode::OK.into_response()
        }
        (&Method::PUT, None, Some(name)) => store.take(&name, request.into_body()).await,
        (&Method::GET, None, Some(name)) => store.give(&name, &request),
        _ => {
            let query = request.uri().query().unwrap_or_default();
            let name = query.strip_prefix("pieceCid=").unwrap_or_default();
            match store.folder.join(name).is_file() {
                true => axum::Json(serde_json::json!({ "pieceCid": name })).into_response(),
                false => StatusCode::NOT_FOUND.into_response(),
            }
        }
    }
}

impl Store {
    async fn take(&self, name: &str, body: Body) -> Response {
        let mut file = File::create(self.folder.join(name)).unwrap();
        let mut parts = body.into_data_stream();
        while let Some(part) = parts.next().await {
            file.write_all(&part.unwrap()).unwrap();
        }
        StatusCode::NO_CONTENT.into_response()
    }

    fn give(&self, name: &str, request: &Request) -> Response {
        let Ok(mut file) = File::open(self.folder.join(name)) else {
            return StatusCode::NOT_FOUND.into_response();
        };
        let size = file.metadata().unwrap().len();
        let wanted = request.headers().get(header::RANGE).map(|range| {
            let range = range.to_str().unwrap().strip_prefix("bytes=").unwrap();
            let (first, last) = range.split_once('-').unwrap();
            let last: u64 = last.parse().unwrap_or(u64::MAX);
            (first.parse::<u64>().unwrap(), last.min(size - 1))
        });
        let (first, last) = wanted.unwrap_or((0, size - 1));
        let bytes = last + 1 - first;
        self.seen.lock().unwrap().push((name.to_owned(), bytes));
        file.seek(SeekFrom::Start(first)).unwrap();
        let parts = stream::unfold((file, bytes), |(mut file, left)| async move {
            if left == 0 {
                return None;
            }
            let mut part = vec![0; left.min(BLOCK) as usize];
            file.read_exact(&mut part).unwrap();
            let left = left - part.len() as u64;
            Some((Ok::<_, std::io::Error>(Bytes::from(part)), (file, left)))
        });
        let answer = Response::builder().header(header::CONTENT_LENGTH, bytes);
        let answer = match wanted {
            Some(_) => answer.status(StatusCode::PARTIAL_CONTENT).header(
                header::CONTENT_RANGE,
                format!("bytes {first}-{last}/{size}"),
            ),
            None => answer,
        };
        answer.body(Body::from_stream(parts)).unwrap()
    }
}
