//! `crosstick doctor`: what keeps this host from being fast. Cold, main thread.

use std::io::IsTerminal;
use std::time::Duration;

use crate::cli::DoctorArgs;
use crate::config::{Config, DEMO_NAME, Overrides};
use crate::doctor::{Plan, Root, Verdict, examine, render};
use crate::exit::{Code, Failure, Outcome};
use crate::out;

/// Looks, measures and prints.
///
/// # Errors
/// When the config is wrong, or the root is no directory.
pub fn command(arguments: &DoctorArgs) -> Outcome {
    let config = Config::load(arguments.config.as_deref(), &Overrides::from_process()).map_err(Failure::usage)?;
    let root = match &arguments.root {
        None => Root::host(),
        Some(dir) if dir.is_dir() => Root::below(dir),
        Some(dir) => {
            let text = format!("--root {}: no such directory; name one that holds proc and sys", dir.display());
            return Err(Failure::usage(text));
        }
    };
    let name = arguments.config.as_ref().map_or_else(|| DEMO_NAME.to_owned(), |path| path.display().to_string());
    let watch = (!arguments.no_measure).then(|| Duration::from_secs(arguments.seconds));
    let diagnosis = examine(&root, &Plan::of(&config), &name, watch);
    if arguments.json {
        out::line(serde_json::to_string_pretty(&diagnosis).map_err(Failure::other)?);
    } else {
        let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        out::text(render::words(&diagnosis, std::io::stdout().is_terminal() && !no_colour));
    }
    Ok(match diagnosis.verdict {
        Verdict::Fine | Verdict::Info | Verdict::Unknown => Code::Done,
        Verdict::Advice => Code::Advice,
        Verdict::WillHurt => Code::WillHurt,
    })
}
