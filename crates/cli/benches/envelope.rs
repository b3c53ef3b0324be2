//! The `stheno` command beside `rage`, on the same files in the same run: `make bench-envelope`.
//!
//! All files lie in memory (`/dev/shm`), so what counts is the programs. Runs take turns, so that a
//! disturbance meets all; the median of each counts. `STHENO_BENCH_MIB` sets another size than
//! 1 GiB, `STHENO_BENCH_RUNS` another number of runs than 5, `STHENO_BENCH_REMOTE_MIB` another size
//! of the remote file than 4 GiB. `RAGE` is the directory of `rage` and `rage-keygen`.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    missing_docs
)]

mod process;

use std::{
    env,
    fs::{self, File},
    io::{Read, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{StatusCode, header},
    response::Response,
};
use stheno::envelope::ReadAt;
use tempfile::TempDir;

use process::{median, watch};

const STHENO: &str = env!("CARGO_BIN_EXE_stheno");

fn main() {
    // `cargo test --benches` runs it too, to see that it runs.
    let testing = !env::args().any(|arg| arg == "--bench");
    let number =
        |name, default: u64| env::var(name).map_or(default, |text| text.parse().expect("a number"));
    let mib = number("STHENO_BENCH_MIB", if testing { 1 } else { 1024 });
    let runs = number("STHENO_BENCH_RUNS", if testing { 1 } else { 5 });
    let remote_mib = number("STHENO_BENCH_REMOTE_MIB", if testing { 4 } else { 4096 });
    let bench = Bench::new(mib);
    let cores = thread::available_parallelism().map_or(1, usize::from);
    println!("\n{mib} MiB in memory, {cores} cores, median of {runs} runs; GB/s of plaintext.\n");
    table(&bench, bench.whole_files(), runs as usize);
    println!();
    table(&bench, bench.pieces(), runs as usize);
    println!();
    bench.remote(remote_mib, runs as usize);
}

/// A folder in memory with a file, keys, and what was made of the file.
struct Bench {
    folder: TempDir,
    mib: u64,
    /// Where `rage` is, and the recipient to encrypt to.
    rage: Option<(PathBuf, String)>,
}

/// One command to be measured.
struct Task {
    name: String,
    command: Vec<String>,
    /// Writes this file; otherwise what it prints is thrown away.
    output: Option<&'static str>,
    /// To be divided by this task's time, by its index.
    beside: Option<usize>,
    /// On one core alone.
    alone: bool,
}

/// What a run took.
#[derive(Clone, Copy, Debug, Default)]
struct Took {
    time: Duration,
    peak_mib: u64,
}

impl Bench {
    fn new(mib: u64) -> Self {
        let shm = Path::new("/dev/shm");
        let folder = match shm.is_dir() {
            true => tempfile::tempdir_in(shm),
            false => tempfile::tempdir(),
        };
        let folder = folder.expect("a folder");
        let mut plain = File::create(folder.path().join("plain")).expect("a file");
        let block: Vec<u8> = (0..1_u32 << 18)
            .flat_map(|i| i.wrapping_mul(0x9e37_79b9).to_le_bytes())
            .collect();
        for _ in 0..mib {
            plain.write_all(&block).expect("room for the file");
        }
        fs::write(folder.path().join("key"), "7".repeat(64)).expect("a key");
        let rage = rage(folder.path());
        let bench = Self { folder, mib, rage };
        for (cipher, sealed) in CIPHERS {
            let args = ["encrypt", "plain", "-o", sealed, "--cek-file", "key"];
            bench.once(&words(STHENO, &[&args[..], &["--cipher", cipher]].concat()));
        }
        if let Some((rage, to)) = &bench.rage {
            bench.once(&words(
                rage.to_str().unwrap(),
                &["-r", to, "-o", "plain.age", "plain"],
            ));
        }
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn once(&self, command: &[String]) {
        let mut child = self.spawn(command, Stdio::null(), false);
        assert!(child.wait().expect("it ends").success(), "{command:?}");
    }

    fn spawn(&self, command: &[String], stdout: Stdio, alone: bool) -> Child {
        let mut spawned = match alone {
            true => {
                let mut taskset = Command::new("taskset");
                taskset.args(["-c", "0"]).args(command);
                taskset
            }
            false => {
                let mut plain = Command::new(&command[0]);
                plain.args(&command[1..]);
                plain
            }
        };
        for name in [
            "STHENO_PRIVATE_KEY",
            "STHENO_KEYSTORE",
            "STHENO_NETWORK",
            "STHENO_RPC",
        ] {
            spawned.env_remove(name);
        }
        spawned
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(stdout)
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"))
    }

    /// Runs a task once.
    fn run(&self, task: &Task) -> Took {
        if let Some(output) = task.output {
            let _ = fs::remove_file(self.path(output));
        }
        let start = Instant::now();
        let mut child = self.spawn(&task.command, Stdio::null(), task.alone);
        let peak = watch(child.id());
        assert!(
            child.wait().expect("it ends").success(),
            "{:?}",
            task.command
        );
        let time = start.elapsed();
        if let Some(output) = task.output {
            fs::remove_file(self.path(output)).expect("an output");
        }
        Took {
            time,
            peak_mib: peak.join().expect("a peak"),
        }
    }

    /// Whole files, to nowhere and to a file, each way.
    fn whole_files(&self) -> Vec<Task> {
        let mut tasks = Vec::new();
        for (doing, output) in [
            ("encrypt", None),
            ("decrypt", None),
            ("encrypt", Some("out")),
            ("decrypt", Some("out")),
        ] {
            let to = if output.is_some() {
                "to a file"
            } else {
                "to /dev/null"
            };
            let beside = self.rage.as_ref().map(|(rage, recipient)| {
                let key_or_to = match doing {
                    "encrypt" => ["-r", recipient, "plain"],
                    _ => ["-d", "-i", "rage.key"],
                };
                let mut command = words(rage.to_str().unwrap(), &key_or_to);
                if doing == "decrypt" {
                    command.push("plain.age".to_owned());
                }
                if let Some(output) = output {
                    command.splice(1..1, ["-o".to_owned(), output.to_owned()]);
                }
                tasks.push(Task {
                    name: format!("rage, {doing} {to}"),
                    command,
                    output,
                    beside: None,
                    alone: false,
                });
                tasks.len() - 1
            });
            for (cipher, sealed) in CIPHERS {
                for alone in [false, true] {
                    let cores = if alone { ", one core" } else { "" };
                    let from = if doing == "encrypt" { "plain" } else { sealed };
                    let mut args = vec![doing, from, "-o", output.unwrap_or("-")];
                    args.extend(["--cek-file", "key"]);
                    if doing == "encrypt" {
                        args.extend(["--cipher", cipher]);
                    }
                    tasks.push(Task {
                        name: format!("stheno {cipher}{cores}, {doing} {to}"),
                        command: words(STHENO, &args),
                        output,
                        beside,
                        alone,
                    });
                }
            }
        }
        tasks
    }

    /// What naming the piece costs in the same pass.
    fn pieces(&self) -> Vec<Task> {
        let task = |name: &str, args: &[&str], alone| Task {
            name: name.to_owned(),
            command: words(STHENO, args),
            output: None,
            beside: None,
            alone,
        };
        let encrypt = ["encrypt", "plain", "-o", "-", "--cek-file", "key"];
        let with_piece = [&encrypt[..], &["--piece"]].concat();
        vec![
            task("piece", &["piece", "plain"], false),
            task("piece, one core", &["piece", "plain"], true),
            task("encrypt aes-256-gcm", &encrypt, false),
            task("encrypt aes-256-gcm --piece", &with_piece, false),
        ]
    }

    /// A mebibyte out of the middle of a large file behind a server.
    fn remote(&self, mib: u64, runs: usize) {
        for name in ["plain", "plain.age", CIPHERS[0].1, CIPHERS[1].1] {
            // Makes room in memory.
            let _ = fs::remove_file(self.path(name));
        }
        let sparse = File::create(self.path("large")).expect("a file");
        sparse.set_len(mib << 20).expect("a sparse file");
        let args = ["encrypt", "large", "-o", "large.fee", "--cek-file", "key"];
        self.once(&words(STHENO, &args));
        let served = Arc::new(Served {
            object: File::open(self.path("large.fee")).expect("an envelope"),
            requests: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
        });
        let url = serve(Arc::clone(&served));
        let offset = format!("{}:{}", mib << 19, 1 << 20);
        let args = [
            "decrypt",
            &url,
            "--range",
            &offset,
            "-o",
            "-",
            "--cek-file",
            "key",
        ];
        let (mut firsts, mut alls) = (Vec::new(), Vec::new());
        for _ in 0..runs {
            let start = Instant::now();
            let mut child = self.spawn(&words(STHENO, &args), Stdio::piped(), false);
            let mut output = child.stdout.take().expect("a pipe");
            output.read_exact(&mut [0]).expect("a byte");
            firsts.push(start.elapsed());
            let rest = std::io::copy(&mut output, &mut std::io::sink()).expect("the rest");
            alls.push(start.elapsed());
            assert_eq!(rest + 1, 1 << 20);
            assert!(child.wait().expect("it ends").success());
        }
        let bytes = served.bytes.load(Ordering::Relaxed) / runs as u64;
        let requests = served.requests.load(Ordering::Relaxed) / runs as u64;
        println!("| 1 MiB out of {mib} MiB over HTTP, from start of the process | |\n|---|---|");
        println!("| first byte | {:.1} ms |", ms(median(firsts)));
        println!("| all of it | {:.1} ms |", ms(median(alls)));
        println!("| requests | {requests} |\n| bytes fetched | {bytes} |");
    }
}

const CIPHERS: [(&str, &str); 2] = [
    ("aes-256-gcm", "plain.aes.fee"),
    ("chacha20-poly1305", "plain.chacha.fee"),
];

/// Runs all tasks in turns, and prints their medians.
fn table(bench: &Bench, tasks: Vec<Task>, runs: usize) {
    let mut took = vec![Vec::new(); tasks.len()];
    for _ in 0..runs {
        for (task, took) in tasks.iter().zip(&mut took) {
            took.push(bench.run(task));
        }
    }
    let times: Vec<Duration> = took
        .iter()
        .map(|runs| median(runs.iter().map(|run: &Took| run.time).collect()))
        .collect();
    println!("| | ms | GB/s | × rage | peak MiB |\n|---|---:|---:|---:|---:|");
    for ((task, runs), time) in tasks.iter().zip(&took).zip(&times) {
        let rate = bench.mib as f64 * f64::from(1 << 20) / time.as_secs_f64() / 1e9;
        let ratio = task.beside.map_or(String::new(), |beside| {
            format!("{:.1}", times[beside].as_secs_f64() / time.as_secs_f64())
        });
        let peak = runs
            .iter()
            .map(|run| run.peak_mib)
            .max()
            .unwrap_or_default();
        println!(
            "| {} | {:.0} | {rate:.2} | {ratio} | {peak} |",
            task.name,
            ms(*time)
        );
    }
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn words(program: &str, args: &[&str]) -> Vec<String> {
    let args = args.iter().map(|arg| (*arg).to_owned());
    std::iter::once(program.to_owned()).chain(args).collect()
}

/// `rage`, where it is installed, with a key of its own.
fn rage(folder: &Path) -> Option<(PathBuf, String)> {
    let Some(bin) = env::var_os("RAGE").map(PathBuf::from) else {
        println!("skipped: rage, since RAGE does not say where it is");
        return None;
    };
    let key = folder.join("rage.key");
    let made = Command::new(bin.join("rage-keygen"))
        .arg("-o")
        .arg(&key)
        .stderr(Stdio::null())
        .status();
    assert!(made.expect("rage-keygen").success());
    let text = fs::read_to_string(key).expect("a key");
    let recipient = text
        .lines()
        .find_map(|line| line.strip_prefix("# public key: "));
    Some((bin.join("rage"), recipient.expect("a recipient").to_owned()))
}

struct Served {
    object: File,
    requests: AtomicU64,
    bytes: AtomicU64,
}

/// Serves parts of a file until the process ends.
fn serve(served: Arc<Served>) -> String {
    let (bound, address) = std::sync::mpsc::channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async move {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            bound.send(listener.local_addr().unwrap()).unwrap();
            let router = Router::new().fallback(part).with_state(served);
            axum::serve(listener, router).await.unwrap();
        });
    });
    format!("http://{}/large.fee", address.recv().unwrap())
}

async fn part(State(served): State<Arc<Served>>, request: Request) -> Response {
    let size = served.object.size().unwrap();
    let range = request.headers()[header::RANGE].to_str().unwrap();
    let (first, last) = range
        .strip_prefix("bytes=")
        .unwrap()
        .split_once('-')
        .unwrap();
    let (first, last): (u64, u64) = (first.parse().unwrap(), last.parse().unwrap());
    let last = last.min(size - 1);
    let mut body = Vec::new();
    let mut reader = served.object.reader(first..last + 1);
    reader.read_to_end(&mut body).unwrap();
    served.requests.fetch_add(1, Ordering::Relaxed);
    served.bytes.fetch_add(body.len() as u64, Ordering::Relaxed);
    Response::builder()
        .status(StatusCode::PARTIAL_CONTENT)
        .header(
            header::CONTENT_RANGE,
            format!("bytes {first}-{last}/{size}"),
        )
        .body(Body::from(body))
        .unwrap()
}
