//! Where a socket connects: scheme, host, port, path. Checked once, at start.
//!
//! COLD.

use std::fmt;
use std::net::IpAddr;

use tungstenite::http::Uri;

use crate::error::ConfigError;

/// A WebSocket address that was found fit to connect to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    tls: bool,
    host: Box<str>,
    port: u16,
    path: Box<str>,
}

impl Endpoint {
    /// Reads `wss://host[:port][/path][?query]`, or the same with `ws://` where the host is loopback.
    ///
    /// # Errors
    /// [`ConfigError`]: not such an address, or plain text to a host that is not loopback.
    pub fn parse(url: &str) -> Result<Self, ConfigError> {
        let bad = |why| ConfigError::Url { url: url.into(), why };
        let uri: Uri = url.parse().map_err(|_| bad("it cannot be read as a URL"))?;
        let tls = match uri.scheme_str() {
            Some("wss") => true,
            Some("ws") => false,
            _ => return Err(bad("it must begin with wss:// (or ws:// for loopback)")),
        };
        let authority = uri.authority().ok_or_else(|| bad("it names no host"))?;
        if authority.as_str().contains('@') {
            return Err(bad("a user name or password does not belong here"));
        }
        let host = authority.host();
        if host.is_empty() || host.len() > 253 {
            return Err(bad("it names no host"));
        }
        let port = match authority.port() {
            Some(port) => {
                Some(port.as_u16()).filter(|p| *p != 0).ok_or_else(|| bad("port 0 cannot be connected to"))?
            }
            None if authority.as_str().len() != host.len() => return Err(bad("its port is not a number to 65535")),
            None if tls => 443,
            None => 80,
        };
        let path = uri.path_and_query().map_or("/", |p| p.as_str());
        let endpoint = Self { tls, host: host.into(), port, path: path.into() };
        if !tls && !endpoint.may_be_loopback() {
            return Err(ConfigError::PlainText { url: url.into() });
        }
        Ok(endpoint)
    }

    /// The same host with another path (and query).
    #[must_use]
    pub fn with_path(&self, path: &str) -> Self {
        Self { path: path.into(), ..self.clone() }
    }

    /// Whether the connection is encrypted and the certificate verified.
    #[must_use]
    pub const fn tls(&self) -> bool {
        self.tls
    }

    /// The host without the brackets of an IPv6 literal.
    #[must_use]
    pub fn host(&self) -> &str {
        self.host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(&self.host)
    }

    /// The port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Path and query.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The host as an address, when it is one.
    #[must_use]
    pub fn ip(&self) -> Option<IpAddr> {
        self.host().parse().ok()
    }

    fn may_be_loopback(&self) -> bool {
        // A name is looked up again at every connect, where each address must be loopback as well.
        self.ip().map_or_else(|| self.host().eq_ignore_ascii_case("localhost"), |ip| ip.is_loopback())
    }
}

/// The URL; without the port where it is the scheme's own, as browsers and firewalls expect it in a `Host` header.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.tls, self.port) {
            (true, 443) => write!(f, "wss://{}{}", self.host, self.path),
            (false, 80) => write!(f, "ws://{}{}", self.host, self.path),
            (tls, port) => write!(f, "{}://{}:{port}{}", if tls { "wss" } else { "ws" }, self.host, self.path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_apart() {
        let spot = Endpoint::parse("wss://stream.binance.com:9443/stream").expect("good");
        assert_eq!((spot.tls(), spot.host(), spot.port(), spot.path()), (true, "stream.binance.com", 9443, "/stream"));
        assert_eq!(spot.to_string(), "wss://stream.binance.com:9443/stream");
        let bare = Endpoint::parse("wss://fstream.binance.com").expect("good");
        assert_eq!((bare.port(), bare.path()), (443, "/"));
        let six = Endpoint::parse("ws://[::1]:8080/stream?x=1").expect("good");
        assert_eq!((six.host(), six.port(), six.path()), ("::1", 8080, "/stream?x=1"));
        assert_eq!(six.to_string(), "ws://[::1]:8080/stream?x=1");
    }

    #[test]
    fn plain_text_is_for_loopback_alone() {
        for good in ["ws://127.0.0.1:1", "ws://localhost:80/x", "ws://LOCALHOST", "ws://[::1]", "ws://127.9.9.9"] {
            assert!(Endpoint::parse(good).is_ok(), "{good}");
        }
        for bad in ["ws://stream.binance.com", "ws://10.0.0.1:80", "ws://localhost.example.com", "ws://[::2]:80"] {
            assert!(matches!(Endpoint::parse(bad), Err(ConfigError::PlainText { .. })), "{bad}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for bad in
            ["", "stream", "http://a", "wss://", "wss://:443", "wss://a:0", "wss://a:99999", "wss://u:p@a", "wss://a b"]
        {
            assert!(matches!(Endpoint::parse(bad), Err(ConfigError::Url { .. })), "{bad}");
        }
    }
}
