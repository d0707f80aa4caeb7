//! The `crosstick` binary: reads the command line, runs the command, turns its outcome into an exit code.

use std::process::ExitCode;

use clap::Parser;
use crosstick_engine::cli::{self, Cli, Command, ConfigCommand};
use crosstick_engine::exit::Outcome;
use crosstick_engine::{backtest, commands, out, record, replay, run, sweep};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let code = match execute(cli) {
        Ok(code) => code,
        Err(failure) => {
            // Nobody may listen any more; the code still says it.
            out::error(format!("crosstick: {failure}\n").as_bytes());
            failure.code
        }
    };
    out::drain();
    code.into()
}

fn execute(cli: Cli) -> Outcome {
    match cli.command.unwrap_or(Command::Run(Default::default())) {
        Command::Run(arguments) => run::command(&arguments),
        Command::Replay(cli::ReplayArgs { journal: Some(dir), verify: true, .. }) => commands::journal::verify(&dir),
        Command::Replay(cli::ReplayArgs { journal: Some(dir), set, .. }) => commands::journal::whatif(&dir, &set),
        Command::Bundle { dir, out } => commands::journal::bundle(&dir, &out),
        Command::Explain(arguments) => commands::journal::explain(&arguments),
        Command::Journal { command } => commands::journal::command(&command),
        Command::Replay(arguments) => {
            let request = replay::Request {
                config: arguments.config,
                files: arguments.files,
                opportunities: arguments.output.opportunities.clone(),
            };
            replay::command(&request, &arguments.output)
        }
        Command::Backtest(arguments) => backtest::command(&backtest::Request {
            config: arguments.config,
            data: arguments.data,
            out: arguments.out,
            opportunities: arguments.opportunities,
            latencies_us: if arguments.no_latency { Vec::new() } else { arguments.latency_us },
            equity_every: arguments.equity_every,
        }),
        Command::Sweep(arguments) => sweep::command(&sweep::Request {
            config: arguments.config,
            data: arguments.data,
            set: arguments.set,
            random: arguments.random.map(|count| (count, arguments.seed)),
            measure: arguments.measure,
            walk: arguments.walk_forward,
            out: arguments.out,
            top: arguments.top,
        }),
        Command::Record(arguments) => record::command(&arguments),
        Command::Sim(arguments) => commands::sim::command(&arguments),
        Command::Check { file } => commands::check(&file),
        Command::Init { file } => commands::init(&file),
        Command::Config { command: ConfigCommand::Explain { key } } => commands::explain(key.as_deref()),
        Command::Status(arguments) => commands::status::command(&arguments),
        Command::Top(arguments) => commands::top::command(&arguments),
        Command::Halt(arguments) => commands::halt::command(&arguments),
        Command::Resume(arguments) => commands::resume::command(&arguments),
        Command::Doctor(arguments) => commands::doctor::command(&arguments),
    }
}
