//! Reading an HTTP/1.1 request head and writing an answer: what a venue's front door needs, no more.

/// Longest request head taken, in bytes: a URL of 1024 streams fits.
pub(crate) const HEAD_MAX: usize = 48 * 1024;

/// A request without a body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) target: String,
    /// Names in lower case.
    headers: Vec<(String, String)>,
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
    /// 413: bodies are not taken.
    Body,
}

/// The request at the start of `bytes` and the length of its head; `None` when more bytes are needed.
pub(crate) fn parse(bytes: &[u8]) -> Result<Option<(Request, usize)>, HeadError> {
    // Whatever speaks no HTTP is refused at its first byte rather than at a timeout.
    if bytes.first().is_some_and(|b| !b.is_ascii_uppercase()) {
        return Err(HeadError::Malformed);
    }
    let window = &bytes[..bytes.len().min(HEAD_MAX)];
    let Some(end) = window.windows(4).position(|w| w == b"\r\n\r\n") else {
        return if bytes.len() >= HEAD_MAX { Err(HeadError::TooLong) } else { Ok(None) };
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
    let mut request =
        Request { method: method.to_owned(), target: target.to_owned(), headers, keep_alive: version == "HTTP/1.1" };
    if request.lists("connection", "close") {
        request.keep_alive = false;
    }
    let has_body = request.header("content-length").is_some_and(|l| l != "0");
    if has_body || request.header("transfer-encoding").is_some() {
        return Err(HeadError::Body);
    }
    Ok(Some((request, end + 4)))
}

/// Appends an answer.
pub(crate) fn push_response(out: &mut Vec<u8>, status: u16, content_type: &str, body: &str, keep_alive: bool) {
    let reason = match status {
        200 => "OK",
        400 => "Bad Request",
        404 => "Not Found",
        405 => "Method Not Allowed",
        413 => "Content Too Large",
        426 => "Upgrade Required",
        431 => "Request Header Fields Too Large",
        _ => "Error",
    };
    let connection = if keep_alive { "keep-alive" } else { "close" };
    let head = format!(
        "HTTP/1.1 {status} {reason}\r\nServer: nginx\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n\
         Connection: {connection}\r\nCache-Control: no-cache, no-store, must-revalidate\r\n\r\n",
        body.len()
    );
    out.extend_from_slice(head.as_bytes());
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
        let (request, used) = parse(head).expect("good").expect("whole");
        assert_eq!(used, head.len() - 4);
        let mut out = Vec::new();
        push_upgrade(&mut out, request.websocket_key().expect("an upgrade"));
        let text = String::from_utf8(out).expect("text");
        assert!(text.contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"), "{text}");
        for cut in 0..used {
            assert_eq!(parse(&head[..cut]), Ok(None), "cut at {cut}");
        }
    }

    #[test]
    fn refused_heads() {
        assert_eq!(parse(b"\x16\x03\x01"), Err(HeadError::Malformed));
        assert_eq!(parse(b"GET  / HTTP/1.1\r\n\r\n"), Err(HeadError::Malformed));
        assert_eq!(parse(b"GET / HTTP/2\r\n\r\n"), Err(HeadError::Malformed));
        assert_eq!(parse(b"GET / HTTP/1.1\r\nno colon\r\n\r\n"), Err(HeadError::Malformed));
        assert_eq!(parse(b"POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\nbody"), Err(HeadError::Body));
        assert_eq!(parse(&vec![b'A'; HEAD_MAX]), Err(HeadError::TooLong));
    }
}
