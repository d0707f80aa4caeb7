//! Addresses: scheme, host, port; plain text only where nothing leaves the machine.

use std::net::IpAddr;

/// The parts of an address.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Url<'t> {
    pub scheme: &'t str,
    pub host: &'t str,
    pub port: Option<u16>,
    pub path: &'t str,
}

/// Takes an address apart.
pub(super) fn split(text: &str) -> Result<Url<'_>, String> {
    let (scheme, rest) = text.split_once("://").ok_or("an address begins with its scheme, such as wss://")?;
    let end = rest.find('/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    if authority.contains('@') {
        // The text may hold a password: it is not repeated.
        return Err("an address must not hold a user or password".into());
    }
    if text.contains(['?', '#']) || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err("an address has no query, fragment or blanks".into());
    }
    let (host, port) = match authority.strip_prefix('[').and_then(|r| r.split_once(']')) {
        Some((host, "")) => (host, None),
        Some((host, port)) => (host, Some(port.strip_prefix(':').ok_or("a port follows a colon")?)),
        None => match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    if host.is_empty() {
        return Err("the address names no host".into());
    }
    let port = match port {
        None => None,
        Some(text) => Some(text.parse().map_err(|_| format!("\"{text}\" is not a port (0 to 65535)"))?),
    };
    Ok(Url { scheme, host, port, path })
}

impl Url<'_> {
    /// The host can only be this machine.
    pub fn loopback(&self) -> bool {
        self.host == "localhost" || self.host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }
}

/// What is wrong with an address, and what would be right.
pub(super) fn check(text: &str, schemes: &[&str], path: bool) -> Result<(), String> {
    let url = split(text)?;
    if !schemes.contains(&url.scheme) {
        return Err(format!("scheme {}:// is not one of {}://", url.scheme, schemes.join("://, ")));
    }
    if matches!(url.scheme, "ws" | "http") && !url.loopback() {
        let secure = schemes[0];
        return Err(format!("plain {}:// is taken for loopback alone; write {secure}://{}", url.scheme, url.host));
    }
    if url.port == Some(0) && !url.loopback() {
        return Err("port 0 stands for a simulated venue, on loopback alone".into());
    }
    if !path && !matches!(url.path, "" | "/") {
        let base = text.len() - url.path.len();
        return Err(format!("give the base without a path: {}", &text[..base]));
    }
    Ok(())
}
