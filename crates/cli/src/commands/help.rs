//! `stheno help`: a command's help, or what an error code means.

use clap::CommandFactory;
use serde_json::json;
use stheno::protocol::Code;

use crate::{
    args::{Cli, HelpArgs},
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
            None => {
                return match args.topic.as_slice() {
                    [code] => explain(code, as_json),
                    words => Err(unknown(&words.join(" "))),
                };
            }
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

fn explain(word: &str, as_json: bool) -> Result<(), Failure> {
    let code: Code = word.parse().map_err(|_| unknown(word))?;
    let text = format!(
        "{}: {}\n\n{}\n\n{}\n",
        code.as_str(),
        code.title(),
        code.explanation(),
        code.remedy()
    );
    let object = json!({
        "code": code.as_str(),
        "title": code.title(),
        "status": code.status(),
        "retryable": code.retryable(),
        "explanation": code.explanation(),
        "remedy": code.remedy(),
    });
    say::result(as_json, &text, &object);
    Ok(())
}

fn unknown(topic: &str) -> Failure {
    let codes: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    Failure::new(
        "unknown_topic",
        format_args!("there is no command and no code `{topic}`"),
    )
    .hint(format_args!(
        "`stheno help` lists the commands; the codes are {}",
        codes.join(", ")
    ))
}
