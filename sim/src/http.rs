//! Reading an HTTP/1.1 request head and writing an answer: what a venue's front door needs, no more.

/// Longest request head taken, in bytes: a URL of 1024 streams fits.
pub(crate) const HEAD_MAX: usize = 48 * 1024;
/// Longest body taken, in bytes: parameters of one order are a few hundred.
const BODY_MAX: usize = 16 * 1024;

/// A request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) target: String,
    /// Names in lower case.
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// Whether the connection may take another request.
    pub(crate) keep_alive: bool,
}

impl Request {
    /// The value of a header, the first when it is repeated.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    fn lists(&self, name: &str, token: &str) -> bool {
        let values = self.headers.iter().filter(|(n, _)| n == name);
        values.flat_map(|(_, v)| v.split(',')).any(|t| t.trim().eq_ignore_ascii_case(token))
    }

    /// The client's key when this asks for a WebSocket of version 13.
    pub(crate) fn websocket_key(&self) -> Option<&str> {
        let upgrade = self.method == "GET" && self.lists("upgrade", "websocket") && self.lists("connection", "upgrade");
        let key = self.header("sec-websocket-key").filter(|k| k.len() == 24 && k.is_ascii())?;
        (upgrade && self.header("sec-websocket-version") == Some("13")).then_some(key)
    }
}

/// Why a head was refused: the status to answer with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HeadError {
    /// 400.
    Malformed,
    /// 431.
    TooLong,
    /// 413: too long, or of a length that is not stated.
    Body,
}

/// What bytes are so far.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Parsed {
    /// A request, and how many bytes it took.
    Whole(Request, usize),
    /// The head is not whole.
    Head,
    /// The head is whole; head and body will be so many bytes.
    Body(usize),
}

/// The request at the start of `bytes`.
pub(crate) fn parse(bytes: &[u8]) -> Result<Parsed, HeadError> {
    // Whatever speaks no HTTP is refused at its first byte rather than at a timeout.
    if bytes.first().is_some_and(|b| !b.is_ascii_uppercase()) {
        return Err(HeadError::Malformed);
    }
    let window = &bytes[..bytes.len().min(HEAD_MAX)];
    let Some(end) = window.windows(4).position(|w| w == b"\r\n\r\n") else {
        return if bytes.len() >= HEAD_MAX { Err(HeadError::TooLong) } else { Ok(Parsed::Head) };
    };
    let head = std::str::from_utf8(&bytes[..end]).map_err(|_| HeadError::Malformed)?;
    let mut lines = head.split("\r\n");
    let mut first = lines.next().unwrap_or_default().split(' ');
    let (Some(method), Some(target), Some(version), None) = (first.next(), first.next(), first.next(), first.next())
    else {
        return Err(HeadError::Malformed);
    };
    if !target.starts_with('/') || !matches!(version, "HTTP/1.1" | "HTTP/1.0") {
        return Err(HeadError::Malformed);
    }
    let mut headers = Vec::new();
    for line in lines {
        let (name, value) = line.split_once(':').ok_or(HeadError::Malformed)?;
        if name.is_empty() || name.contains(|c: char| c.is_ascii_whitespace() || c.is_ascii_control()) {
            return Err(HeadError::Malformed);
        }
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let mut request = Request {
        method: method.to_owned(),
        target: target.to_owned(),
        headers,
        body: Vec::new(),
        keep_alive: version == "HTTP/1.1",
    };
    if request.lists("connection", "close") {
        request.keep_alive = false;
    }
    if request.header("transfer-encoding").is_some() {
        return Err(HeadError::Body);
    }
    let length = match request.header("content-length").map(str::parse::<usize>) {
        None => 0,
        Some(Ok(length)) if length <= BODY_MAX => length,
        Some(Ok(_)) => return Err(HeadError::Body),
        Some(Err(_)) => return Err(HeadError::Malformed),
    };
    let whole = end + 4 + length;
    let Some(body) = bytes.get(end + 4..whole) else { return Ok(Parsed::Body(whole)) };
    request.body = body.to_vec();
    Ok(Parsed::Whole(request, whole))
}

/// An answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    /// Beyond those that every answer has.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    /// JSON with this status.
    pub(crate) const fn json(status: u16, body: String) -> Self {
        Self { status, content_type: "application/json;charset=UTF-8", headers: Vec::new(), body }
    }

    /// A line of plain text with this status.
    pub(crate) fn text(status: u16, text: &str) -> Self {
        Self { status, content_type: "text/plain", headers: Vec::new(), body: text.to_owned() }
    }

    pub(crate) fn bad_request(text: &str) -> Self {
        Self::text(400, text)
    }

    pub(crate) fn upgrade_required() -> Self {
        Self::text(426, "WebSocket upgrade required")
    }
}

/// Appends an answer.
pub(crate) fn push_response(out: &mut Vec<u8>, answer: &Answer, keep_alive: bool) {
    let Answer { status, content_type, headers, body } = answer;
    let reason = match status {
        200 => "OK",
        201 => "Created",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        409 => "Conflict",
        413 => "Content Too Large",
        418 => "I'm a teapot",
        426 => "Upgrade Required",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Error",
    };
    let connection = if keep_alive { "keep-alive" } else { "close" };
    let head = format!(
        "HTTP/1.1 {status} {reason}\r\nServer: nginx\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n\
         Connection: {connection}\r\nCache-Control: no-cache, no-store, must-revalidate\r\n",
        body.len()
    );
    out.extend_from_slice(head.as_bytes());
    for (name, value) in headers {
        out.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(body.as_bytes());
}

/// Appends the answer that turns the connection into a WebSocket.
pub(crate) fn push_upgrade(out: &mut Vec<u8>, key: &str) {
    let accept = tungstenite::handshake::derive_accept_key(key.as_bytes());
    let head = format!(
        "HTTP/1.1 101 Switching Protocols\r\nServer: nginx\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    );
    out.extend_from_slice(head.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_handshake() {
        // RFC 6455, 1.2 and 1.3.
        let head = b"GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\n\
            Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\nrest";
        let Ok(Parsed::Whole(request, used)) = parse(head) else { panic!("not whole") };
        assert_eq!(used, head.len() - 4);
        let mut out = Vec::new();
        push_upgrade(&mut out, request.websocket_key().expect("an upgrade"));
        let text = String::from_utf8(out).expect("text");
        assert!(text.contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"), "{text}");
        for cut in 0..used {
            assert_eq!(parse(&head[..cut]), Ok(Parsed::Head), "cut at {cut}");
        }
    }

    #[test]
    fn a_body_is_waited_for() {
        let bytes = b"POST /a?b=c HTTP/1.1\r\nContent-Length: 4\r\n\r\nbodyGET / HTTP/1.1\r\n\r\n";
        let whole = bytes.len() - 18;
        for cut in whole - 4..whole {
            assert_eq!(parse(&bytes[..cut]), Ok(Parsed::Body(whole)), "cut at {cut}");
        }
        let Ok(Parsed::Whole(request, used)) = parse(bytes) else { panic!("not whole") };
        assert_eq!((request.body.as_slice(), used), (&b"body"[..], whole));
    }

    #[test]
    fn refused_heads() {
        assert_eq!(parse(b"\x16\x03\x01"), Err(HeadError::Malformed));
        assert_eq!(parse(b"GET  / HTTP/1.1\r\n\r\n"), Err(HeadError::Malformed));
        assert_eq!(parse(b"GET / HTTP/2\r\n\r\n"), Err(HeadError::Malformed));
        assert_eq!(parse(b"GET / HTTP/1.1\r\nno colon\r\n\r\n"), Err(HeadError::Malformed));
        assert_eq!(parse(b"POST / HTTP/1.1\r\nContent-Length: 99999\r\n\r\nbody"), Err(HeadError::Body));
        assert_eq!(parse(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"), Err(HeadError::Body));
        assert_eq!(parse(b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n"), Err(HeadError::Malformed));
        assert_eq!(parse(&vec![b'A'; HEAD_MAX]), Err(HeadError::TooLong));
    }
}
