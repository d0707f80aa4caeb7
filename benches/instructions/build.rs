//! Tells the program which compiler made it: counts of another one are no regression.

use std::process::Command;

fn main() {
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
    let said = Command::new(rustc).arg("--version").output().ok().filter(|output| output.status.success());
    let text = said.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default();
    let version = text.split(' ').take(2).collect::<Vec<_>>().join(" ");
    println!("cargo:rustc-env=CROSSTICK_RUSTC={version}");
    println!("cargo:rerun-if-changed=build.rs");
}
