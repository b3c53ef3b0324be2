//! Writes the JavaScript and the TypeScript declarations that belong to a compiled module of ours.
//!
//! ```text
//! stheno-bindgen stheno_wasm.wasm FOLDER NAME
//! ```
//!
//! writes `NAME_bg.wasm`, `NAME.js` and `NAME.d.ts` into the folder.

use std::{env, path::PathBuf};

use anyhow::{Context, Result, bail};
use wasm_bindgen_cli_support::Bindgen;

fn main() -> Result<()> {
    let arguments: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    let [module, folder, name] = arguments.as_slice() else {
        bail!("give the compiled module, a folder to write into, and a name for what is written");
    };
    let name = name.to_str().context("the name is no text")?;
    let mut bindgen = Bindgen::new();
    bindgen
        .input_path(module)
        .web(true)?
        .typescript(true)
        .omit_default_module_path(true)
        .remove_name_section(true)
        .remove_producers_section(true)
        .out_name(name);
    bindgen
        .generate(folder)
        .with_context(|| format!("{} cannot be bound", module.display()))
}
