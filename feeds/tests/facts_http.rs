//! The REST call against a server on loopback that answers well, badly, or not at all.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crosstick_feeds::facts::{AGE_WARN_S, Ask, FactsError, Source, cache_path, fetch, load_at, url_of};
use crosstick_model::Protocol;

const SPOT: &str = include_str!("fixtures/facts/spot.json");
const COINM: &str = include_str!("fixtures/facts/coinm.json");
const LONG: Duration = Duration::from_secs(15);

/// How a connection is answered.
enum Answer {
    /// These bytes, then the end.
    Bytes(Vec<u8>),
    /// A head, then zeros until the client has enough.
    Endless,
    /// Nothing until the client gives up.
    Silence,
}

fn http(status: &str, headers: &str, body: &str) -> Answer {
    let length = body.len();
    let text = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n{body}");
    Answer::Bytes(text.into_bytes())
}

/// Serves one answer a connection; returns the base URL, and the request lines when joined.
fn serve(answers: Vec<Answer>) -> (String, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    let thread = thread::spawn(move || {
        let connections = answers.into_iter().map(|answer| {
            let (socket, _) = listener.accept().expect("a client");
            socket.set_read_timeout(Some(LONG)).expect("a socket");
            socket.set_write_timeout(Some(LONG)).expect("a socket");
            serve_one(socket, answer)
        });
        connections.collect()
    });
    (url, thread)
}

fn serve_one(mut socket: TcpStream, answer: Answer) -> String {
    let mut reader = BufReader::new(socket.try_clone().expect("a socket"));
    let mut request = String::new();
    reader.read_line(&mut request).expect("a request");
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).expect("headers");
        if line.trim().is_empty() {
            break;
        }
    }
    match answer {
        Answer::Bytes(bytes) => {
            // A client that has seen enough may have left already.
            let _ = socket.write_all(&bytes);
        }
        Answer::Endless => {
            let _ =
                socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n[");
            let zeros = vec![b' '; 1 << 16];
            while socket.write_all(&zeros).is_ok() {}
        }
        Answer::Silence => {
            let mut rest = [0; 64];
            while reader.read(&mut rest).is_ok_and(|n| n > 0) {}
        }
    }
    request.trim().to_owned()
}

fn symbols(list: &[&str]) -> Vec<String> {
    list.iter().map(|s| (*s).to_owned()).collect()
}

fn ask(rest_url: &str, symbols: &[String]) -> Ask {
    Ask {
        protocol: Protocol::BinanceSpot,
        rest_url: rest_url.to_owned(),
        symbols: symbols.to_vec(),
        tls_ca: None,
        timeout: LONG,
    }
}

fn error_of(answer: Answer) -> FactsError {
    let (url, server) = serve(vec![answer]);
    let symbols = symbols(&["BTCUSDT"]);
    let error = fetch(&ask(&url, &symbols)).expect_err("an error");
    server.join().expect("the server");
    let told = error.to_string();
    assert!(!told.contains('\n') && told.starts_with("127.0.0.1:") && told.contains(';'), "cause and remedy: {told}");
    error
}

#[test]
fn spot_is_asked_for_the_symbols_alone() {
    let (url, server) = serve(vec![http("200 OK", "", SPOT)]);
    let symbols = symbols(&["BTCUSDT", "BTTCUSDT"]);
    let facts = fetch(&ask(&url, &symbols)).expect("facts");
    assert!(facts.symbols["BTCUSDT"].trading());
    let lines = server.join().expect("the server");
    assert_eq!(lines, ["GET /api/v3/exchangeInfo?symbols=%5B%22BTCUSDT%22%2C%22BTTCUSDT%22%5D HTTP/1.1"]);
}

#[test]
fn futures_are_asked_for_all() {
    let (url, server) = serve(vec![http("200 OK", "", COINM)]);
    let symbols = symbols(&["BTCUSD_PERP"]);
    let facts = fetch(&Ask { protocol: Protocol::BinanceCoinm, ..ask(&url, &symbols) }).expect("facts");
    assert_eq!(facts.symbols.len(), 1);
    assert_eq!(server.join().expect("the server"), ["GET /dapi/v1/exchangeInfo HTTP/1.1"]);
}

#[test]
fn an_unknown_symbol_brings_the_whole_list_so_that_near_names_can_be_told() {
    let refusal = http("400 Bad Request", "", r#"{"code":-1121,"msg":"Invalid symbol."}"#);
    let (url, server) = serve(vec![refusal, http("200 OK", "", SPOT)]);
    let symbols = symbols(&["BTCUSDX"]);
    let facts = fetch(&ask(&url, &symbols)).expect("facts");
    assert!(facts.symbols.contains_key("BTCUSDT") && !facts.symbols.contains_key("BTCUSDX"));
    let lines = server.join().expect("the server");
    assert_eq!(lines[1], "GET /api/v3/exchangeInfo HTTP/1.1");
}

#[test]
fn symbols_in_any_script_are_escaped() {
    let list = symbols(&["币USDT", "A&B"]);
    let url = url_of(&ask("https://x/", &list), &list);
    assert_eq!(url, "https://x/api/v3/exchangeInfo?symbols=%5B%22%E5%B8%81USDT%22%2C%22A%26B%22%5D");
}

#[test]
fn refusals_are_told_apart() {
    let limited =
        error_of(http("429 Too Many Requests", "retry-after: 37\r\n", r#"{"code":-1003,"msg":"Too many requests"}"#));
    assert!(matches!(limited, FactsError::RateLimited { retry_after_s: Some(37), .. }), "{limited}");
    assert!(limited.refused_by_venue() && limited.to_string().contains("asks to wait 37 s"), "{limited}");
    let limited = error_of(http("429 Too Many Requests", "retry-after: soon\r\n", ""));
    assert!(matches!(limited, FactsError::RateLimited { retry_after_s: None, .. }), "{limited}");
    let banned = error_of(http("418 I'm a teapot", "retry-after: 7200\r\n", "{}"));
    assert!(matches!(banned, FactsError::Banned { retry_after_s: Some(7200), .. }) && banned.refused_by_venue());
    assert!(banned.to_string().contains("2 h"), "{banned}");
    let page = "<!DOCTYPE HTML><HTML><BODY><H1>403 ERROR</H1></BODY></HTML>";
    let firewall = error_of(http("403 Forbidden", "content-type: text/html\r\n", page));
    assert!(matches!(firewall, FactsError::Forbidden { html: true, .. }) && firewall.refused_by_venue());
    assert!(matches!(error_of(http("451 Unavailable", "", "{}")), FactsError::Location { .. }));
    let moved = error_of(http("302 Found", "location: http://127.0.0.1:1/\r\n", ""));
    assert!(matches!(moved, FactsError::Status { status: 302, .. }), "{moved}");
    let trouble = error_of(http("503 Service Unavailable", "", "upstream\nis \"down\"\u{7}"));
    assert!(
        matches!(&trouble, FactsError::Status { status: 503, text, .. } if text == "upstream is down"),
        "{trouble}"
    );
    assert!(!trouble.refused_by_venue());
}

#[test]
fn answers_that_are_none_are_told_apart() {
    assert!(matches!(error_of(http("200 OK", "", "")), FactsError::Empty { .. }));
    let garbage = error_of(http("200 OK", "", "<html><body>Please log in</body></html>"));
    assert!(matches!(&garbage, FactsError::NotJson { begins, .. } if begins.contains("Please log in")), "{garbage}");
    let other = error_of(http("200 OK", "", r#"{"hello":"world"}"#));
    assert!(matches!(other, FactsError::NotFacts { protocol: "binance-spot", .. }), "{other}");
    let cut = error_of(http("200 OK", "", &SPOT[..SPOT.len() / 2]));
    assert!(matches!(cut, FactsError::Cut { .. }), "{cut}");
    let early = Answer::Bytes(format!("HTTP/1.1 200 OK\r\ncontent-length: 99999\r\n\r\n{SPOT}").into_bytes());
    let early = error_of(early);
    assert!(matches!(early, FactsError::Cut { .. }), "{early}");
    let nothing = error_of(Answer::Bytes(Vec::new()));
    assert!(matches!(nothing, FactsError::Cut { .. } | FactsError::Connect { .. }), "{nothing}");
    let noise = error_of(Answer::Bytes(b"220 smtp.example.com ESMTP\r\n".to_vec()));
    assert!(matches!(noise, FactsError::Cut { .. } | FactsError::Connect { .. }), "{noise}");
    assert!(matches!(error_of(Answer::Endless), FactsError::TooLarge { mebibytes: 32, .. }));
}

#[test]
fn a_server_that_says_nothing_is_left_in_time() {
    let (url, server) = serve(vec![Answer::Silence]);
    let error = fetch(&Ask { timeout: Duration::from_millis(300), ..ask(&url, &[]) }).expect_err("no answer");
    assert!(matches!(error, FactsError::Timeout { seconds: 1, .. }), "{error}");
    server.join().expect("the server");
}

#[test]
fn no_server_and_no_address_are_told_apart() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    drop(listener);
    let refused = fetch(&ask(&url, &[])).expect_err("nobody listens");
    assert!(matches!(&refused, FactsError::Connect { cause, .. } if cause == "connection refused"), "{refused}");
    let bad = fetch(&ask("http://exa mple", &[])).expect_err("no address");
    assert!(matches!(bad, FactsError::BadUrl { .. }) && bad.config_is_wrong(), "{bad}");
}

/// A server with a certificate of its own CA, for one connection.
fn serve_tls(ca: &Path, name: &str) -> (String, JoinHandle<()>) {
    let mut params = rcgen::CertificateParams::new(Vec::<String>::new()).expect("params");
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let ca_key = rcgen::KeyPair::generate().expect("a key");
    std::fs::write(ca, params.self_signed(&ca_key).expect("a CA").pem()).expect("written");
    let issuer = rcgen::Issuer::new(params, ca_key);
    let key = rcgen::KeyPair::generate().expect("a key");
    let leaf = rcgen::CertificateParams::new(vec![name.to_owned()]).expect("params");
    let leaf = leaf.signed_by(&key, &issuer).expect("signed");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], key)
        .expect("a certificate");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("https://localhost:{}", listener.local_addr().expect("bound").port());
    let thread = thread::spawn(move || {
        let (socket, _) = listener.accept().expect("a client");
        socket.set_read_timeout(Some(LONG)).expect("a socket");
        let connection = rustls::ServerConnection::new(Arc::new(config)).expect("a connection");
        let mut stream = rustls::StreamOwned::new(connection, socket);
        let mut request = [0; 4096];
        // A client that refuses the certificate leaves here.
        if stream.read(&mut request).is_ok_and(|n| n > 0) {
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{SPOT}", SPOT.len());
            let _ = stream.write_all(head.as_bytes());
            stream.conn.send_close_notify();
            let _ = stream.flush();
        }
    });
    (url, thread)
}

#[test]
fn a_private_ca_is_trusted_when_named_and_only_then() {
    let dir = tempfile::tempdir().expect("a directory");
    let ca = dir.path().join("ca.pem");
    let (url, server) = serve_tls(&ca, "localhost");
    let facts = fetch(&Ask { tls_ca: Some(ca.clone()), ..ask(&url, &[]) }).expect("facts over TLS");
    assert_eq!(facts.symbols.len(), 3);
    server.join().expect("the server");

    let (url, server) = serve_tls(&ca, "localhost");
    let error = fetch(&ask(&url, &[])).expect_err("an unknown issuer");
    assert!(matches!(error, FactsError::Tls { .. }) && error.config_is_wrong(), "{error}");
    server.join().expect("the server");

    let (url, server) = serve_tls(&ca, "elsewhere.example");
    let error = fetch(&Ask { tls_ca: Some(ca.clone()), ..ask(&url, &[]) }).expect_err("another name");
    assert!(matches!(error, FactsError::Tls { .. }), "{error}");
    server.join().expect("the server");
}

#[test]
fn a_ca_file_that_does_not_do_is_named() {
    let dir = tempfile::tempdir().expect("a directory");
    let ca = dir.path().join("ca.pem");
    let told = |ca: &Path| {
        fetch(&Ask { tls_ca: Some(ca.to_owned()), ..ask("https://localhost:1", &[]) }).expect_err("no CA").to_string()
    };
    assert!(told(&ca).contains("ca.pem"), "{}", told(&ca));
    std::fs::write(&ca, "no certificate here\n").expect("written");
    assert!(told(&ca).contains("holds no certificate"), "{}", told(&ca));
    std::fs::write(&ca, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").expect("written");
    assert!(told(&ca).contains("no CA's"), "{}", told(&ca));
}

#[test]
fn the_copy_stands_in_and_says_so() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = cache_path(dir.path(), "binance");
    let symbols = symbols(&["BTCUSDT"]);
    let (url, server) = serve(vec![http("200 OK", "", SPOT), http("429 Too Many Requests", "retry-after: 5\r\n", "")]);
    let first = load_at(&ask(&url, &symbols), &path, 1_000_000).expect("facts");
    assert!(matches!(first.source, Source::Venue) && first.notices.is_empty());
    let second = load_at(&ask(&url, &symbols), &path, 1_000_000 + 7_200).expect("the copy");
    server.join().expect("the server");
    assert_eq!(second.facts, first.facts);
    let Source::Copy { age_s: 7_200, because: FactsError::RateLimited { .. } } = second.source else {
        panic!("{:?}", second.source)
    };
    let notice = &second.notices[0];
    assert!(
        notice.contains("copy of 2 h ago") && notice.contains("binance.json") && !notice.contains("old"),
        "{notice}"
    );

    // Nobody listens any more.
    let old = load_at(&ask(&url, &symbols), &path, 1_000_000 + AGE_WARN_S + 1).expect("the copy, old as it is");
    assert!(old.notices[0].contains("it is old") && old.notices[0].contains("7 days"), "{:?}", old.notices);
    let entries = std::fs::read_dir(path.parent().expect("a directory")).expect("listed").count();
    assert_eq!(entries, 1, "nothing is left beside the copy");
}

#[test]
fn who_is_refused_does_not_go_on_with_a_copy() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = cache_path(dir.path(), "binance");
    let wanted = symbols(&["BTCUSDT"]);
    let refusals = ["418 I'm a teapot", "403 Forbidden", "451 Unavailable For Legal Reasons"];
    let answers = refusals.iter().map(|status| http(status, "retry-after: 60\r\n", "{}"));
    let (url, server) = serve([http("200 OK", "", SPOT)].into_iter().chain(answers).collect());
    load_at(&ask(&url, &wanted), &path, 5).expect("facts, and a copy of them");
    for status in refusals {
        let error = load_at(&ask(&url, &wanted), &path, 6).expect_err(status);
        assert!(error.refused_by_venue() && !matches!(error, FactsError::NoCopy { .. }), "{status}: {error}");
    }
    server.join().expect("the server");
}

#[test]
fn a_copy_that_does_not_do_is_not_used() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = cache_path(dir.path(), "binance");
    let wanted = symbols(&["BTCUSDT"]);
    let (url, server) = serve(vec![http("200 OK", "", SPOT)]);
    load_at(&ask(&url, &wanted), &path, 5).expect("facts");
    server.join().expect("the server");
    let why = |ask: Ask| match load_at(&ask, &path, 6).expect_err("no copy of use") {
        FactsError::NoCopy { why, .. } => why,
        other => panic!("{other}"),
    };
    assert!(why(ask(&url, &symbols(&["ETHUSDT"]))).contains("has no ETHUSDT"));
    assert!(why(Ask { protocol: Protocol::BinanceUsdm, ..ask(&url, &wanted) }).contains("is from"));
    assert!(why(ask("http://127.0.0.1:1", &wanted)).contains("is from"));
    std::fs::write(&path, "{\"version\":1").expect("written");
    assert!(why(ask(&url, &wanted)).contains("damaged"));
    std::fs::remove_file(&path).expect("removed");
    assert!(why(ask(&url, &wanted)).contains("is not there"));
}

#[test]
fn a_copy_that_cannot_be_kept_is_no_failure() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("file");
    std::fs::write(&file, "x").expect("written");
    let (url, server) = serve(vec![http("200 OK", "", SPOT)]);
    let loaded = load_at(&ask(&url, &[]), &cache_path(&file, "binance"), 5).expect("facts all the same");
    server.join().expect("the server");
    assert!(loaded.notices[0].contains("no copy of the instrument facts could be kept"), "{:?}", loaded.notices);
}
