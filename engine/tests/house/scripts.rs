//! `scripts/test` tells a lockfile that is not up to date from an index that is out of reach, by what cargo says.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

/// What cargo 1.95 says, and its exit code.
type Said = (&'static str, i32);

const WELL: Said = ("", 0);
const OLD: Said = (
    "error: cannot update the lock file benches/peers/Cargo.lock because --locked was passed to prevent this\n\
     help: to generate the lock file without accessing the network, remove the --locked flag and use --offline instead.",
    101,
);
const NOT_KEPT: Said = (
    "error: no matching package named `barter-data` found\nlocation searched: crates.io index\n\
     required by package `crosstick-peers v0.1.0 (benches/peers)`\n\
     As a reminder, you're using offline mode (--offline) which can sometimes cause surprising resolution failures, if \
     this error is too confusing you may wish to retry without `--offline`.",
    101,
);
const OUT_OF_REACH: Said = (
    "error: failed to get `barter-data` as a dependency of package `crosstick-peers v0.1.0 (benches/peers)`\n\n\
     Caused by:\n  download of config.json failed\n\n\
     Caused by:\n  failed to download from `https://index.crates.io/config.json`\n\n\
     Caused by:\n  [6] Could not resolve hostname (Could not resolve host: index.crates.io)",
    101,
);
const BROKEN: Said = ("error: failed to parse manifest at `benches/peers/Cargo.toml`", 101);

/// Exit code and words of `scripts/test peers`, with a cargo that says these without and with the network.
fn peers(kept: Said, fetched: Said, arguments: &[&str]) -> (Option<i32>, String) {
    let dir = tempfile::tempdir().expect("a folder");
    let cargo = dir.path().join("cargo");
    let answer = |(text, code): Said| format!("printf '%s\\n' \"{}\" >&2; exit {code}", text.replace('`', "\\`"));
    let script = format!(
        "#!/bin/sh\ncase \"$*\" in\n  *update*--offline*) {} ;;\n  *update*) {} ;;\nesac\n",
        answer(kept),
        answer(fetched)
    );
    fs::write(&cargo, script).expect("written");
    fs::set_permissions(&cargo, fs::Permissions::from_mode(0o755)).expect("executable");
    let path = format!("{}:{}", dir.path().display(), std::env::var("PATH").expect("a PATH"));
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/test");
    let done = Command::new("bash").arg(script).args(arguments).arg("peers").env("PATH", path).output().expect("bash");
    let said = String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned();
    (done.status.code(), said)
}

#[test]
fn the_peers_lockfile_fails_where_it_is_old_and_is_skipped_where_nothing_can_tell() {
    for (kept, fetched, ends, words) in [
        (WELL, OUT_OF_REACH, [0, 0], "1 passed, 0 failed, 0 skipped"),
        (NOT_KEPT, WELL, [0, 0], "1 passed, 0 failed, 0 skipped"),
        // An index of another day may hold none of what the lockfile names.
        (OLD, WELL, [0, 0], "1 passed, 0 failed, 0 skipped"),
        (NOT_KEPT, OUT_OF_REACH, [0, 1], "peers: skipped, cargo's index is out of reach"),
        // Cargo is told to stay off the network, by its own config.
        (NOT_KEPT, NOT_KEPT, [0, 1], "peers: skipped, cargo's index is out of reach"),
        (NOT_KEPT, OLD, [1, 1], "--locked was passed"),
        (OLD, OLD, [1, 1], "--locked was passed"),
        (OLD, OUT_OF_REACH, [1, 1], "--locked was passed"),
        (BROKEN, BROKEN, [1, 1], "failed to parse manifest"),
        (BROKEN, OUT_OF_REACH, [1, 1], "failed to parse manifest"),
    ] {
        for (arguments, end) in [&[][..], &["--all"]].into_iter().zip(ends) {
            let (code, said) = peers(kept, fetched, arguments);
            assert_eq!(code, Some(end), "{arguments:?} {} | {}: {said}", kept.0, fetched.0);
            assert!(said.contains(words), "{words:?} is not in {said}");
        }
    }
}
