//! Tells the program which commit it was built from, where there is a repository and git, and how it was built.

use std::path::Path;
use std::process::Command;

fn main() {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").args(arguments).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let commit = git(&["rev-parse", "--short=12", "HEAD"]).unwrap_or_default();
    println!("cargo:rustc-env=CROSSTICK_COMMIT={commit}");
    // Built anew when another commit is checked out or, where it is worth it, made.
    let release = std::env::var("PROFILE").is_ok_and(|profile| profile == "release");
    for name in ["HEAD", "logs/HEAD"].into_iter().take(1 + usize::from(release)) {
        if let Some(path) = git(&["rev-parse", "--git-path", name])
            && Path::new(&path).exists()
        {
            println!("cargo:rerun-if-changed={path}");
        }
    }
    let told = |name: &str| std::env::var(name).unwrap_or_default();
    let rustc = Command::new(told("RUSTC")).arg("--version").output().ok().filter(|output| output.status.success());
    let rustc = rustc.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default();
    println!("cargo:rustc-env=CROSSTICK_RUSTC={rustc}");
    println!("cargo:rustc-env=CROSSTICK_TARGET={}", told("TARGET"));
    println!("cargo:rustc-env=CROSSTICK_OPT_LEVEL={}", told("OPT_LEVEL"));
    println!("cargo:rustc-env=CROSSTICK_FEATURES={}", told("CARGO_CFG_TARGET_FEATURE"));
    // Cargo parts the flags by a control character.
    println!("cargo:rustc-env=CROSSTICK_RUSTFLAGS={}", told("CARGO_ENCODED_RUSTFLAGS").replace('\u{1f}', " "));
    println!("cargo:rerun-if-changed=build.rs");
}
