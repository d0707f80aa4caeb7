//! The card that market data comes through.

use crate::doctor::finding::{Finding, Group};
use crate::doctor::host::Host;

const GROUP: Group = Group::Network;

/// Which card it is, and what drives it.
pub fn card(host: &Host<'_>) -> Finding {
    const CHECK: &str = "nic";
    if !host.network {
        return Finding::info(GROUP, CHECK, "all venues of this config are on this machine: no card is used");
    }
    let Some(name) = host.nic() else {
        return match host.root.text("/proc/net/route") {
            Ok(_) => Finding::hurts(GROUP, CHECK, "no default route")
                .wanted("a way to the venues")
                .why("readers cannot connect")
                .fix("ip route; then configure the network"),
            Err(error) => Finding::unknown(GROUP, CHECK, error),
        };
    };
    let file = |part: &str| format!("/sys/class/net/{name}/{part}");
    let driver = host.root.link_name(&file("device/driver"));
    let mut parts = vec![match &driver {
        Ok(driver) => format!("{name}, driver {driver}"),
        Err(_) => format!("{name}, no driver of its own (virtual)"),
    }];
    if let Ok(speed) = host.root.number(&file("speed"))
        && speed > 0
    {
        parts.push(format!("{speed} Mbit/s"));
    }
    if let Ok(state) = host.root.text(&file("operstate")) {
        parts.push(state);
    }
    if let (Ok(defer), Ok(flush_ns)) =
        (host.root.number(&file("napi_defer_hard_irqs")), host.root.number(&file("gro_flush_timeout")))
        && defer > 0
        && flush_ns > 0
    {
        parts.push(format!("interrupts held back up to {flush_ns} ns"));
    }
    Finding::info(GROUP, CHECK, parts.join(", "))
}

/// Whether the card hangs on the hot threads' memory node.
pub fn card_node(host: &Host<'_>) -> Finding {
    const CHECK: &str = "nic_node";
    if !host.network {
        return Finding::info(GROUP, CHECK, "no card is used");
    }
    let nodes = match host.root.cpus("/sys/devices/system/node/online") {
        Ok(nodes) => nodes,
        Err(error) => return Finding::unknown(GROUP, CHECK, error),
    };
    if nodes.len() <= 1 {
        return Finding::fine(GROUP, CHECK, "one memory node");
    }
    let Some(node) = host.nic_node() else {
        return Finding::unknown(GROUP, CHECK, "the card does not tell its memory node");
    };
    let Some(near) = host.node_cpus(node) else {
        return Finding::unknown(GROUP, CHECK, format!("node {node}, the card's, does not tell its CPUs"));
    };
    let far = host.hot.without(&near);
    if far.is_empty() {
        return Finding::fine(GROUP, CHECK, format!("node {node}, as the hot threads"));
    }
    Finding::advice(GROUP, CHECK, format!("the card is on node {node}, hot threads may run on {}", far.words()))
        .wanted(format!("hot threads on node {node}: {}", near.words()))
        .why("each packet crosses the link between sockets before a reader sees it")
        .fix(format!("name CPUs of {near} in [threads] core and readers"))
}

/// How long the card gathers packets before it interrupts. `rx_us` is what it says; `None` for a made-up host.
pub fn coalescing(host: &Host<'_>, rx_us: Option<Result<u32, String>>) -> Finding {
    const CHECK: &str = "nic_coalescing";
    if !host.network {
        return Finding::info(GROUP, CHECK, "no card is used");
    }
    match rx_us {
        None => Finding::unknown(GROUP, CHECK, "a made-up host has no card to ask"),
        Some(Err(error)) => Finding::unknown(GROUP, CHECK, error),
        Some(Ok(0)) => Finding::fine(GROUP, CHECK, "the card interrupts at once"),
        Some(Ok(us)) => Finding::advice(GROUP, CHECK, format!("the card gathers packets for {us} µs"))
            .wanted("0 µs")
            .why(format!("a tick that comes alone waits {us} µs in the card"))
            .fix(format!(
                "sudo ethtool -C {} adaptive-rx off rx-usecs 0",
                host.nic().unwrap_or_else(|| "CARD".to_owned())
            )),
    }
}
