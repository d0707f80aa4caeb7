//! One bounded REST call, and a typed error for each way in which it can go wrong.

use std::io::{self, Read};
use std::path::PathBuf;
use std::time::Duration;

use crosstick_model::Protocol;
use serde::Deserialize;
use ureq::Agent;
use ureq::http::Response;
use ureq::unversioned::resolver::DefaultResolver;
use ureq::unversioned::transport::{Connector, TcpConnector};

use super::error::one_line;
use super::{Facts, FactsError, parse, tls};

/// Longest answer that is read. Binance spot's whole list has about 20 MB.
pub const BODY_MAX: u64 = 32 << 20;
/// The usual bound on the whole call, name look-up included.
pub const TIMEOUT: Duration = Duration::from_secs(15);
/// How the standard library begins what it says of a failed look-up; it has no kind of its own.
const LOOK_UP_FAILED: &str = "failed to lookup address information";
/// From so many symbols on, the whole list is asked for instead: the address would grow too long.
const SYMBOLS_IN_URL_MAX: usize = 100;

/// What to ask, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// What the venue speaks.
    pub protocol: Protocol,
    /// Base of its REST API, without path.
    pub rest_url: String,
    /// The instruments of interest, in the venue's spelling.
    pub symbols: Vec<String>,
    /// A private CA, trusted in addition to the public roots.
    pub tls_ca: Option<PathBuf>,
    /// Bound on the whole call; usually [`TIMEOUT`].
    pub timeout: Duration,
}

/// Asks the venue. A symbol that it does not know is no error here: then all that it has is returned, so that
/// the nearest names can be told.
///
/// # Errors
/// See [`FactsError`]; blocks for [`Ask::timeout`] twice at most.
pub fn fetch(ask: &Ask) -> Result<Facts, FactsError> {
    let agent = agent(ask)?;
    // Futures take no list of symbols; spot answers a short list with a few KB instead of 20 MB.
    let named = ask.protocol == Protocol::BinanceSpot && (1..=SYMBOLS_IN_URL_MAX).contains(&ask.symbols.len());
    if named {
        match call(ask, &agent, &url_of(ask, &ask.symbols)) {
            Err(Failure::UnknownSymbol) => {}
            Err(Failure::Error(error)) => return Err(error),
            Ok(body) => return read(ask, &body),
        }
    }
    match call(ask, &agent, &url_of(ask, &[])) {
        Ok(body) => read(ask, &body),
        Err(Failure::Error(error)) => Err(error),
        Err(Failure::UnknownSymbol) => {
            Err(FactsError::Status { host: host(&ask.rest_url), status: 400, text: "invalid symbol".into() })
        }
    }
}

/// The address of exchangeInfo for these symbols, or for all.
#[must_use]
pub fn url_of(ask: &Ask, symbols: &[String]) -> String {
    let mut url = format!("{}{}", ask.rest_url.trim_end_matches('/'), path(ask.protocol));
    if !symbols.is_empty() {
        let list: Vec<String> = symbols.iter().map(|s| format!("%22{}%22", percent(s))).collect();
        url.push_str("?symbols=%5B");
        url.push_str(&list.join("%2C"));
        url.push_str("%5D");
    }
    url
}

const fn path(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::BinanceSpot | Protocol::MexcSpot => "/api/v3/exchangeInfo",
        Protocol::BinanceUsdm => "/fapi/v1/exchangeInfo",
        Protocol::BinanceCoinm => "/dapi/v1/exchangeInfo",
    }
}

fn percent(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'.' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// Host and port, for messages.
fn host(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?']).next().unwrap_or(rest);
    // A user or password is never shown.
    authority.rsplit('@').next().unwrap_or(authority).to_owned()
}

fn agent(ask: &Ask) -> Result<Agent, FactsError> {
    let tls = tls::client_config(ask.tls_ca.as_deref())?;
    let config = Agent::config_builder()
        .timeout_global(Some(ask.timeout))
        .http_status_as_error(false)
        .max_redirects(0)
        // The streams take no proxy either; a half-proxied engine would only fail later.
        .proxy(None)
        .user_agent(concat!("crosstick/", env!("CARGO_PKG_VERSION")))
        .build();
    let connector = TcpConnector::default().chain(tls::TlsConnector(tls));
    Ok(Agent::with_parts(config, connector, DefaultResolver::default()))
}

enum Failure {
    /// The venue does not know one of the symbols, and does not say which.
    UnknownSymbol,
    Error(FactsError),
}

impl From<FactsError> for Failure {
    fn from(error: FactsError) -> Self {
        Self::Error(error)
    }
}

fn call(ask: &Ask, agent: &Agent, url: &str) -> Result<Vec<u8>, Failure> {
    let response = agent.get(url).call().map_err(|e| classify(ask, e))?;
    let status = response.status().as_u16();
    let retry_after_s = retry_after(&response);
    let body = body(ask, response);
    let host = host(&ask.rest_url);
    if status == 200 {
        let body = body?;
        return if body.is_empty() { Err(FactsError::Empty { host }.into()) } else { Ok(body) };
    }
    // What a refusal says is of interest, not whether it could be read to its end.
    let body = body.unwrap_or_default();
    Err(match status {
        429 => FactsError::RateLimited { host, retry_after_s }.into(),
        418 => FactsError::Banned { host, retry_after_s }.into(),
        403 => FactsError::Forbidden { host, html: body.trim_ascii_start().starts_with(b"<") }.into(),
        451 => FactsError::Location { host }.into(),
        400 if venue_code(&body) == Some(-1121) => Failure::UnknownSymbol,
        _ => FactsError::Status { host, status, text: one_line(&body) }.into(),
    })
}

fn retry_after(response: &Response<ureq::Body>) -> Option<u64> {
    response.headers().get("retry-after")?.to_str().ok()?.trim().parse().ok()
}

fn venue_code(body: &[u8]) -> Option<i64> {
    #[derive(Deserialize)]
    struct Refusal {
        code: i64,
    }
    serde_json::from_slice::<Refusal>(body).ok().map(|r| r.code)
}

fn body(ask: &Ask, response: Response<ureq::Body>) -> Result<Vec<u8>, FactsError> {
    let mut bytes = Vec::new();
    // One byte more than allowed tells a full answer from a longer one, whatever its headers promise.
    let read = response.into_body().into_reader().take(BODY_MAX + 1).read_to_end(&mut bytes);
    read.map_err(|e| classify(ask, ureq::Error::from(e)))?;
    if bytes.len() as u64 > BODY_MAX {
        return Err(FactsError::TooLarge { host: host(&ask.rest_url), mebibytes: BODY_MAX >> 20 });
    }
    Ok(bytes)
}

fn read(ask: &Ask, body: &[u8]) -> Result<Facts, FactsError> {
    parse(ask.protocol, body).map_err(|error| {
        let host = host(&ask.rest_url);
        match error.classify() {
            serde_json::error::Category::Data => {
                FactsError::NotFacts { host, protocol: ask.protocol.name(), why: error.to_string() }
            }
            serde_json::error::Category::Eof if body.trim_ascii_start().starts_with(b"{") => FactsError::Cut { host },
            _ => FactsError::NotJson { host, begins: one_line(body) },
        }
    })
}

fn classify(ask: &Ask, error: ureq::Error) -> FactsError {
    let host = host(&ask.rest_url);
    match error {
        ureq::Error::Timeout(_) => {
            let seconds = ask.timeout.as_secs() + u64::from(ask.timeout.subsec_nanos() > 0);
            FactsError::Timeout { host, seconds }
        }
        ureq::Error::HostNotFound => FactsError::Dns { host },
        ureq::Error::BadUri(_) | ureq::Error::Http(_) => FactsError::BadUrl { url: host },
        ureq::Error::Rustls(cause) => FactsError::Tls { host, cause: cause.to_string() },
        ureq::Error::Tls(cause) => FactsError::Tls { host, cause: cause.into() },
        ureq::Error::Protocol(_) | ureq::Error::BodyStalled => FactsError::Cut { host },
        ureq::Error::Io(cause) => classify_io(host, &cause),
        other => FactsError::Connect { host, cause: one_line(other.to_string().as_bytes()) },
    }
}

fn classify_io(host: String, cause: &io::Error) -> FactsError {
    if let Some(tls) = cause.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        return FactsError::Tls { host, cause: tls.to_string() };
    }
    let said = cause.to_string();
    if said.starts_with(LOOK_UP_FAILED) {
        return FactsError::Dns { host };
    }
    match cause.kind() {
        io::ErrorKind::UnexpectedEof => FactsError::Cut { host },
        io::ErrorKind::ConnectionRefused => FactsError::Connect { host, cause: "connection refused".into() },
        _ => FactsError::Connect { host, cause: one_line(said.as_bytes()) },
    }
}
