// forge, ending as forge ends: what npm installs under that name ends with 0 whatever came of it.
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";

const ARCHITECTURES = { x64: "amd64", arm64: "arm64" };
const suffix = process.platform === "win32" ? ".exe" : "";
const name = `@foundry-rs/forge-${process.platform}-${ARCHITECTURES[process.arch]}`;

const forge = createRequire(import.meta.url).resolve(`${name}/bin/forge${suffix}`);
const { status, signal, error } = spawnSync(forge, process.argv.slice(2), { stdio: "inherit" });
if (error) throw error;
if (signal) process.kill(process.pid, signal);
process.exitCode = status ?? 1;
