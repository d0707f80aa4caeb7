//! `crosstick doctor`: what keeps this host from being fast, why that matters for a config's threads, and what to do.
//!
//! **Thread:** main, cold; [`measure`] starts threads of its own. **Hot:** nothing. **Deliberately absent:** changing
//! anything (that is `scripts/tune-host`), and root rights.
//!
//! Reads like this: [`root`] reads files, [`host`] knows CPUs and threads, [`checks`] judge, [`render`] prints.

pub mod checks;
pub mod cpus;
pub mod finding;
pub mod host;
mod manifest;
pub mod measure;
pub mod quota;
pub mod render;
pub mod root;
mod sys;

use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use cpus::CpuSet;
pub use finding::{Finding, Group, Verdict};
pub use host::{Host, HotThread, Plan};
pub use manifest::{Compiler, Manifest, load_average, manifest};
pub use measure::Measured;
pub use root::Root;

/// What the doctor says of a host.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Diagnosis {
    /// The worst of the findings.
    pub verdict: Verdict,
    /// What the command ends with: 0 fine, 10 advice, 11 will hurt.
    pub exit_code: u8,
    /// The root directory that was looked at.
    pub root: String,
    /// The config whose threads were judged.
    pub config: String,
    /// Those threads.
    pub threads: Vec<HotThread>,
    /// What each check found.
    pub findings: Vec<Finding>,
    /// Why nothing was measured, where nothing was.
    pub not_measured: Option<String>,
    /// The host, to be kept with results; it holds what was measured.
    pub manifest: Manifest,
}

/// Looks at a host. Jitter is watched for `watch`; `None`: nothing is measured. A made-up host is never measured.
#[must_use]
pub fn examine(root: &Root, plan: &Plan, config: &str, watch: Option<Duration>) -> Diagnosis {
    let host = Host::new(root, plan);
    let mut findings: Vec<Finding> = checks::ALL.iter().map(|check| check(&host)).collect();
    let kernel = root.is_host().then(|| sys::kernel_clock().ok()).flatten();
    findings.push(checks::clocks::sync(&host, kernel));
    let card = host.nic().filter(|_| root.is_host());
    let rx_us = card.map(|name| sys::rx_coalesce_us(&name).map_err(|e| format!("{name} does not tell ({e})")));
    findings.push(checks::network::coalescing(&host, rx_us));
    let (watch, not_measured) = match watch {
        _ if !root.is_host() => (None, Some("a made-up host cannot be measured".to_owned())),
        None => (None, Some("--no-measure".to_owned())),
        Some(watch) => (Some(watch), None),
    };
    let load = load_average(root);
    let measured = watch.map(|watch| measure::measure(&host.to_measure(), watch));
    findings.extend(measured.iter().flat_map(measure::findings));
    findings.sort_by_key(|finding| finding.group);
    let verdict = findings.iter().map(|f| f.verdict).max().unwrap_or(Verdict::Unknown);
    let exit_code = match verdict {
        Verdict::Fine | Verdict::Info | Verdict::Unknown => 0,
        Verdict::Advice => 10,
        Verdict::WillHurt => 11,
    };
    Diagnosis {
        verdict,
        exit_code,
        root: root.dir().display().to_string(),
        config: config.to_owned(),
        threads: host.threads.clone(),
        findings,
        not_measured,
        manifest: Manifest::of(&host, load, measured),
    }
}
