//! COLD: which process this is, told so that a later process with the same number is not taken for it.

use std::fs;

/// A process of this machine: its number, when it started, and since which boot that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ProcessIdentity {
    /// Process id.
    pub pid: u32,
    /// Start time in clock ticks since boot, as field 22 of `/proc/PID/stat` tells it; 0 if it doesn't.
    pub start_ticks: u64,
    /// `/proc/sys/kernel/random/boot_id`; zeros if unknown.
    pub boot_id: [u8; 16],
}

impl ProcessIdentity {
    /// The calling process.
    #[must_use]
    pub fn this() -> Self {
        let pid = std::process::id();
        Self { pid, start_ticks: start_ticks(pid).unwrap_or(0), boot_id: boot_id() }
    }

    /// Whether that process runs now, on this boot.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.pid != 0 && self.boot_id == boot_id() && start_ticks(self.pid) == Some(self.start_ticks)
    }
}

/// When `pid` started, unless there is no such process or it is only waiting to be buried.
fn start_ticks(pid: u32) -> Option<u64> {
    parse_stat(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

fn parse_stat(stat: &str) -> Option<u64> {
    // The second field is the command in brackets, which may hold blanks and brackets itself.
    let mut fields = stat[stat.rfind(')')? + 1..].split_ascii_whitespace();
    let state = fields.next()?;
    if matches!(state, "Z" | "X") {
        return None;
    }
    // Field 22, the state being the third.
    fields.nth(18)?.parse().ok()
}

fn boot_id() -> [u8; 16] {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").ok().and_then(|text| parse_uuid(&text)).unwrap_or_default()
}

fn parse_uuid(text: &str) -> Option<[u8; 16]> {
    let digits: String = text.trim().chars().filter(|c| *c != '-').collect();
    (digits.len() == 32).then_some(())?;
    u128::from_str_radix(&digits, 16).ok().map(u128::to_be_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stat_line_is_read_behind_any_command_name() {
        let tail = "S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 987654 20 21";
        assert_eq!(parse_stat(&format!("42 (a) b) (c) {tail}")), Some(987_654));
        assert_eq!(parse_stat(&format!("42 (x) {}", tail.replace('S', "Z"))), None, "a zombie holds nothing");
        assert_eq!(parse_stat("42 (x) S 1 2"), None);
        assert_eq!(parse_stat(""), None);
    }

    #[test]
    fn this_process_is_alive_and_its_likes_are_not() {
        let this = ProcessIdentity::this();
        assert!(this.start_ticks > 0 && this.boot_id != [0; 16]);
        assert!(this.is_alive());
        assert!(!ProcessIdentity { start_ticks: this.start_ticks + 1, ..this }.is_alive(), "a reused number");
        assert!(!ProcessIdentity { boot_id: [1; 16], ..this }.is_alive(), "before a reboot");
        assert!(!ProcessIdentity { pid: 0, ..this }.is_alive());
    }

    #[test]
    fn a_boot_id_is_sixteen_bytes() {
        assert_eq!(parse_uuid("00010203-0405-0607-0809-0a0b0c0d0e0f\n").unwrap()[..4], [0, 1, 2, 3]);
        assert_eq!(parse_uuid("00010203"), None);
        assert_eq!(parse_uuid("zz010203-0405-0607-0809-0a0b0c0d0e0f"), None);
    }
}
