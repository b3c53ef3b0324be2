//! `stheno help`: a command's help, or what an error code means.

use clap::CommandFactory;
use serde_json::json;
use stheno::protocol::{Code, problem::Explained};

use crate::{
    args::{Cli, HelpArgs},
    codes,
    failure::Failure,
    say,
};

/// Runs the command.
///
/// # Errors
/// When the topic is neither a command nor a code.
pub fn run(args: HelpArgs, as_json: bool) -> Result<(), Failure> {
    let mut command = Cli::command();
    command.build();
    for word in &args.topic {
        command = match command.find_subcommand(word) {
            Some(next) => next.clone(),
            None => return no_command(&args.topic, as_json),
        };
    }
    let text = command.render_long_help().to_string();
    say::result(
        as_json,
        &text,
        &json!({ "topic": args.topic, "help": text }),
    );
    Ok(())
}

fn no_command(topic: &[String], as_json: bool) -> Result<(), Failure> {
    let explained = match topic {
        [code] => codes::find(code),
        _ => None,
    };
    match explained {
        Some(explained) => {
            explain(&explained, as_json);
            Ok(())
        }
        None => Err(unknown(&topic.join(" "))),
    }
}

fn explain(explained: &Explained, as_json: bool) {
    let Explained {
        code,
        title,
        fault,
        explanation,
        remedy,
    } = explained;
    let fault = fault.as_str();
    let mut text =
        format!("{code}: {title}\n\n{explanation}\n\nat fault    {fault}\nwhat to do  {remedy}\n");
    let mut object = json!({
        "code": code,
        "title": title,
        "fault": fault,
        "explanation": explanation,
        "remedy": remedy,
    });
    // Only a node's refusal goes over HTTP.
    if let (Ok(code), Some(fields)) = (code.parse::<Code>(), object.as_object_mut()) {
        let retry = match code.retryable() {
            true => "a fresh request may succeed, nothing else changed",
            false => "the same request fails again",
        };
        text += &format!("from nodes  HTTP {}; {retry}\n", code.status());
        fields.insert("status".into(), code.status().into());
        fields.insert("retryable".into(), code.retryable().into());
    }
    say::result(as_json, &text, &object);
}

fn unknown(topic: &str) -> Failure {
    let commands = Cli::command();
    let commands = commands.get_subcommands().map(clap::Command::get_name);
    let command = stheno::protocol::problem::nearest_code(topic, commands);
    let hint = match command.or_else(|| codes::nearest(topic)) {
        Some(meant) => format!("did you mean `{meant}`? "),
        None => String::new(),
    };
    Failure::new(
        "unknown_topic",
        format_args!("there is no command and no code `{topic}`"),
    )
    .hint(format_args!(
        "{hint}`stheno help` lists the commands; PROBLEMS.md lists the codes"
    ))
}
