//! Memory: pages that move, pages that go to disk, and the room for what the engine shares.

use crate::doctor::finding::{Finding, Group};
use crate::doctor::host::Host;
use crate::doctor::root::{Look, Unread};

const GROUP: Group = Group::Memory;
/// What an engine's region may need at most, KiB; /dev/shm below it is trouble.
const SHM_KIB_MIN: u64 = 16 << 10;
/// With less than this other users of /dev/shm may leave too little, KiB.
const SHM_KIB_WANTED: u64 = 64 << 10;

/// Whether the kernel collects pages into huge ones unasked.
pub fn transparent_huge_pages(host: &Host<'_>) -> Finding {
    const CHECK: &str = "transparent_huge_pages";
    match host.root.chosen("/sys/kernel/mm/transparent_hugepage/enabled") {
        Ok(word) if word == "always" => Finding::advice(GROUP, CHECK, "always")
            .wanted("madvise or never")
            .why(format!("khugepaged moves pages of {} while they run, and a page fault may clear 2 MiB", host.who()))
            .fix("echo madvise | sudo tee /sys/kernel/mm/transparent_hugepage/enabled"),
        Ok(word) => Finding::fine(GROUP, CHECK, word),
        Err(error) if error.is_missing() && host.root.has("/sys/kernel/mm") => {
            Finding::fine(GROUP, CHECK, "this kernel has none")
        }
        Err(error) => Finding::unknown(GROUP, CHECK, error),
    }
}

/// How many huge pages are set aside.
pub fn huge_pages(host: &Host<'_>) -> Finding {
    const CHECK: &str = "huge_pages";
    let field = |key| host.root.field("/proc/meminfo", key);
    match (field("HugePages_Total"), field("HugePages_Free"), field("Hugepagesize")) {
        (Ok(total), Ok(free), Ok(size)) => {
            Finding::info(GROUP, CHECK, format!("{total} set aside, {free} free, {size} each; the engine needs none"))
        }
        (Err(error), ..) if error.is_missing() => Finding::unknown(GROUP, CHECK, error),
        _ => Finding::info(GROUP, CHECK, "this kernel has none; the engine needs none"),
    }
}

/// Whether memory may go to disk.
pub fn swap(host: &Host<'_>) -> Finding {
    const CHECK: &str = "swap";
    let areas = match host.root.text("/proc/swaps") {
        Ok(text) => text.lines().skip(1).filter(|line| !line.trim().is_empty()).count(),
        Err(error) => return Finding::unknown(GROUP, CHECK, error),
    };
    if areas == 0 {
        return Finding::fine(GROUP, CHECK, "none");
    }
    let swappiness = host.root.number("/proc/sys/vm/swappiness");
    if swappiness.as_ref().is_ok_and(|n| *n <= 1) {
        return Finding::fine(GROUP, CHECK, "there is some, used only in need (swappiness 1 or below)");
    }
    let shown = swappiness.map_or_else(|_| "unknown".to_owned(), |n| n.to_string());
    Finding::advice(GROUP, CHECK, format!("in use, swappiness {shown}"))
        .wanted("none, or swappiness 1 or below")
        .why(format!("a page of {} that went to disk takes milliseconds to come back", host.who()))
        .fix("sudo swapoff -a, or: sudo sysctl vm.swappiness=1")
}

/// How much memory may be locked.
pub fn locking(host: &Host<'_>) -> Finding {
    const CHECK: &str = "memlock";
    match limit(host, "Max locked memory") {
        Ok(text) if text == "unlimited" => Finding::fine(GROUP, CHECK, "no limit"),
        Ok(text) => {
            let found = format!("{text} bytes may be locked; the engine locks none, and relies on there being no swap");
            Finding::info(GROUP, CHECK, found)
        }
        Err(error) => Finding::unknown(GROUP, CHECK, error),
    }
}

/// The soft limit of that name.
///
/// # Errors
/// When the limits are not told.
pub fn limit(host: &Host<'_>, name: &str) -> Look<String> {
    const FILE: &str = "/proc/self/limits";
    let text = host.root.text(FILE)?;
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.split_whitespace().next().map(str::to_owned));
    value.ok_or_else(|| Unread::Odd(format!("{FILE} has no line {name}")))
}

/// Whether /dev/shm is there and has room.
pub fn shared(host: &Host<'_>) -> Finding {
    const CHECK: &str = "dev_shm";
    let mounts = match host.root.text("/proc/mounts") {
        Ok(text) => text,
        Err(error) => return Finding::unknown(GROUP, CHECK, error),
    };
    let mount = mounts.lines().rev().find(|line| line.split(' ').nth(1) == Some("/dev/shm"));
    let Some(options) = mount.and_then(|line| line.split(' ').nth(3)) else {
        return Finding::hurts(GROUP, CHECK, "nothing is mounted on /dev/shm")
            .wanted("a tmpfs")
            .why("the engine publishes there: on a disk each page that it writes goes to that disk")
            .fix("sudo mount -t tmpfs tmpfs /dev/shm");
    };
    if options.split(',').any(|option| option == "ro") {
        return Finding::hurts(GROUP, CHECK, "read-only")
            .wanted("one that can be written")
            .why("the engine publishes there; it cannot start without")
            .fix("sudo mount -o remount,rw /dev/shm");
    }
    // A tmpfs that names no size has half of the memory.
    let stated = options.split(',').find_map(|option| kib(option.strip_prefix("size=")?));
    let half = || host.root.field("/proc/meminfo", "MemTotal").ok().and_then(|text| kib(&text)).map(|kib| kib / 2);
    let Some(kib) = stated.or_else(half) else {
        return Finding::unknown(GROUP, CHECK, "mounted; its size is not told");
    };
    let found = format!("{} MiB", kib >> 10);
    let fix = format!("sudo mount -o remount,size={}m /dev/shm (docker: --shm-size=256m)", 256);
    let why = "the engine publishes there; without room for its region it does not start";
    if kib < SHM_KIB_MIN {
        Finding::hurts(GROUP, CHECK, found).wanted(format!("{} MiB", SHM_KIB_WANTED >> 10)).why(why).fix(fix)
    } else if kib < SHM_KIB_WANTED {
        Finding::advice(GROUP, CHECK, found).wanted(format!("{} MiB", SHM_KIB_WANTED >> 10)).why(why).fix(fix)
    } else {
        Finding::fine(GROUP, CHECK, found)
    }
}

/// A size such as `65536k`, `64m`, `24 kB` or `50%` (unknown) in KiB.
fn kib(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let number: u64 = text[..digits].parse().ok()?;
    match text[digits..].trim_start().to_ascii_lowercase().as_str() {
        "" => Some(number >> 10),
        "k" | "kb" => Some(number),
        "m" => number.checked_mul(1 << 10),
        "g" => number.checked_mul(1 << 20),
        _ => None,
    }
}
