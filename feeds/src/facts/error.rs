//! Why there are no facts: the cause in one line, then the remedy.

use std::path::PathBuf;

use thiserror::Error;

/// Why a venue's exchangeInfo could not be read.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum FactsError {
    /// The address cannot be asked.
    #[error("{url}: not an address that can be asked; check rest_url in the config")]
    BadUrl {
        /// The address.
        url: String,
    },
    /// The private CA cannot be used.
    #[error("{path}: {why}; tls_ca must name a PEM file with a certificate", path = path.display())]
    CaFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The name has no address.
    #[error("{host}: the name cannot be looked up; check it and this machine's DNS")]
    Dns {
        /// The name.
        host: String,
    },
    /// No connection, or it broke.
    #[error("{host}: {cause}; check network, firewall and port")]
    Connect {
        /// The host.
        host: String,
        /// What the system said.
        cause: String,
    },
    /// TLS was refused.
    #[error("{host}: TLS refused: {cause}; if a private CA signs for this host, name it with tls_ca")]
    Tls {
        /// The host.
        host: String,
        /// What is wrong with the certificate or the handshake.
        cause: String,
    },
    /// No whole answer in time.
    #[error("{host}: no answer within {seconds} s; try again, or check the network")]
    Timeout {
        /// The host.
        host: String,
        /// How long was waited, rounded up.
        seconds: u64,
    },
    /// 429.
    #[error("{host}: too many requests (429){}; wait before the next start, more of them lead to a ban",
        after(*retry_after_s))]
    RateLimited {
        /// The host.
        host: String,
        /// How long it asks us to wait.
        retry_after_s: Option<u64>,
    },
    /// 418.
    #[error("{host}: this address is banned (418){}; do not start again before that", after(*retry_after_s))]
    Banned {
        /// The host.
        host: String,
        /// How long the ban lasts.
        retry_after_s: Option<u64>,
    },
    /// 403: a firewall in front of the venue.
    #[error("{host}: forbidden (403){}; the venue's firewall blocks this address: wait, or use another network",
        page(*html))]
    Forbidden {
        /// The host.
        host: String,
        /// It answered with a web page.
        html: bool,
    },
    /// 451: not served here.
    #[error("{host}: not offered from this location (451); the venue does not serve this country")]
    Location {
        /// The host.
        host: String,
    },
    /// Any other status but 200.
    #[error("{host}: answered {status}{}; {}", said(text), status_remedy(*status))]
    Status {
        /// The host.
        host: String,
        /// The HTTP status.
        status: u16,
        /// The beginning of what it said, in one line.
        text: String,
    },
    /// 200 with nothing in it.
    #[error("{host}: empty answer; try again, and check rest_url if it stays")]
    Empty {
        /// The host.
        host: String,
    },
    /// Not JSON.
    #[error("{host}: not JSON but \"{begins}\"; check rest_url, and whether a proxy or login page answers")]
    NotJson {
        /// The host.
        host: String,
        /// How it begins, in one line.
        begins: String,
    },
    /// JSON, but not exchangeInfo.
    #[error("{host}: not an exchangeInfo of {protocol} ({why}); check protocol and rest_url")]
    NotFacts {
        /// The host.
        host: String,
        /// What was asked for.
        protocol: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// Longer than is read.
    #[error("{host}: answer larger than {mebibytes} MiB; check rest_url")]
    TooLarge {
        /// The host.
        host: String,
        /// The limit.
        mebibytes: u64,
    },
    /// The connection ended within the answer.
    #[error("{host}: connection closed within the answer; try again")]
    Cut {
        /// The host.
        host: String,
    },
    /// No answer, and no copy of an earlier one that would do.
    #[error("{cause} (no copy to fall back on: {why})")]
    NoCopy {
        /// Why there was no answer.
        cause: Box<FactsError>,
        /// Why the copy does not do.
        why: String,
    },
}

impl FactsError {
    /// The venue refused us: a limit, a ban, a firewall.
    #[must_use]
    pub fn refused_by_venue(&self) -> bool {
        match self {
            Self::RateLimited { .. } | Self::Banned { .. } | Self::Forbidden { .. } | Self::Location { .. } => true,
            Self::NoCopy { cause, .. } => cause.refused_by_venue(),
            _ => false,
        }
    }

    /// The config must be changed; a copy of an earlier answer would only hide that.
    #[must_use]
    pub fn config_is_wrong(&self) -> bool {
        match self {
            Self::BadUrl { .. } | Self::CaFile { .. } | Self::Tls { .. } => true,
            Self::NoCopy { cause, .. } => cause.config_is_wrong(),
            _ => false,
        }
    }
}

fn after(seconds: Option<u64>) -> String {
    seconds.map_or_else(String::new, |s| format!(", asks to wait {}", super::Age(s)))
}

fn page(html: bool) -> &'static str {
    if html { " with a web page" } else { "" }
}

fn said(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(" \"{text}\"") }
}

fn status_remedy(status: u16) -> &'static str {
    match status {
        300..=399 => "it points elsewhere: check rest_url",
        404 => "check rest_url and protocol",
        500..=599 => "the venue has trouble: try again later",
        _ => "check rest_url and the symbols",
    }
}

/// The beginning of outside text in one harmless line.
pub(super) fn one_line(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(400)]);
    let clean: String = text.chars().map(|c| if c.is_control() || c == '"' { ' ' } else { c }).collect();
    let mut line: String = clean.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = line.char_indices().nth(100) {
        line.truncate(end);
        line.push('…');
    }
    line
}
