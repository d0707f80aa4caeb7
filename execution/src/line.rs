//! HOT: [`OrderLine::send`] and [`OrderLine::read`], by the one thread that owns the line. A connection that requests
//! go out on and answers come in on: TCP, TLS, WebSocket, nothing that blocks.
//!
//! It does one thing: whole frames out, whole messages in, pings answered. Deliberately absent: which requests are in
//! flight and what became of them, reconnecting, the venue's limits. Once it has failed it stays failed.

use crosstick_feeds::buffer::RecvBuffer;
use crosstick_feeds::error::Stage;
use crosstick_feeds::net::{Dial, Read, Stream};
use crosstick_feeds::ws::frame::BUFFER_LIMIT;
use crosstick_feeds::ws::{Frame, Frames, Handshake, HandshakeError, MaskKeys, Opcode, write_frame};
use crosstick_feeds::{ConnectError, Endpoint, Reason, SocketOptions, TlsClient};

/// How long a connection may take to open.
const OPEN_MAX_NS: u64 = 10_000_000_000;
/// What may wait to be sent before the venue is taken to read nothing.
const UNSENT_MAX: usize = 64 * 1024;
/// Longest text of a close frame that is passed on.
const CLOSE_TEXT_MAX: usize = 123;

enum Link {
    Dialing(Box<Dial>),
    Upgrading(Box<Stream>, Box<Handshake>),
    Open(Box<Stream>),
    Over,
}

/// A connection for requests and their answers.
pub struct OrderLine {
    endpoint: Endpoint,
    link: Link,
    frames: Frames,
    buffer: RecvBuffer,
    /// Bytes of frames that the socket did not take yet.
    rest: Vec<u8>,
    /// Something is left to be sent, here or inside TLS.
    unsent: bool,
    masks: MaskKeys,
    open_by_ns: u64,
}

impl OrderLine {
    /// Begins to connect. `now_ns` is any steady time in ns; the same clock must be used for [`Self::connect`].
    #[must_use]
    pub fn dial(endpoint: Endpoint, tls: TlsClient, options: SocketOptions, now_ns: u64) -> Self {
        Self {
            link: Link::Dialing(Box::new(Dial::start(endpoint.clone(), tls, options))),
            endpoint,
            frames: Frames::default(),
            buffer: RecvBuffer::new(BUFFER_LIMIT),
            rest: Vec::with_capacity(UNSENT_MAX),
            unsent: false,
            masks: MaskKeys::secure(),
            open_by_ns: now_ns.saturating_add(OPEN_MAX_NS),
        }
    }

    /// Goes on connecting as far as it can; true once requests can be sent. Cold.
    ///
    /// # Errors
    /// Why it will not open; ten seconds without success are a reason too.
    pub fn connect(&mut self, now_ns: u64) -> Result<bool, Reason> {
        let outcome = self.go_on(now_ns);
        if outcome.is_err() {
            self.link = Link::Over;
        }
        outcome
    }

    fn go_on(&mut self, now_ns: u64) -> Result<bool, Reason> {
        let host = self.endpoint.host();
        let late = |stage| {
            let seconds = OPEN_MAX_NS / 1_000_000_000;
            if now_ns < self.open_by_ns {
                Ok(false)
            } else {
                Err(ConnectError::TimedOut { host: host.into(), stage, seconds }.into())
            }
        };
        match &mut self.link {
            Link::Open(_) => Ok(true),
            Link::Over => Err(broken("it is over")),
            Link::Dialing(dial) => {
                let Some(stream) = dial.poll(now_ns)? else { return late(dial.stage()) };
                self.rest.clear();
                let handshake = Handshake::start(&self.endpoint, &mut self.rest).map_err(|e| refused(host, e))?;
                let mut stream = Box::new(stream);
                self.unsent = stream.write(&mut self.rest).map_err(|e| broken(&e.to_string()))?;
                self.link = Link::Upgrading(stream, Box::new(handshake));
                Ok(false)
            }
            Link::Upgrading(stream, handshake) => {
                if self.unsent {
                    self.unsent = stream.write(&mut self.rest).map_err(|e| broken(&e.to_string()))?;
                }
                let ended = match stream.read(&mut self.buffer, || now_ns) {
                    Read::Blocked => return late(Stage::Upgrading),
                    Read::Some { .. } => false,
                    Read::Failed(error) => return Err(broken(&error.to_string())),
                    // What came before may be the whole answer.
                    Read::End | Read::Full => true,
                };
                if !handshake.feed(&mut self.buffer).map_err(|e| refused(host, e))? {
                    if ended {
                        return Err(ConnectError::Closed { host: host.into(), stage: Stage::Upgrading }.into());
                    }
                    return late(Stage::Upgrading);
                }
                if let Link::Upgrading(stream, _) = std::mem::replace(&mut self.link, Link::Over) {
                    self.link = Link::Open(stream);
                }
                Ok(true)
            }
        }
    }

    /// Whether requests can be sent.
    #[inline]
    #[must_use]
    pub const fn is_open(&self) -> bool {
        matches!(self.link, Link::Open(_))
    }

    /// Sends a frame: [`Self::queue`] and [`Self::flush`] in one.
    ///
    /// # Errors
    /// When the line is over, or ends by this. Then nobody knows what of the frame arrived.
    #[inline]
    pub fn send(&mut self, frame: &[u8]) -> Result<(), Reason> {
        self.queue(frame)?;
        self.flush()
    }

    /// Takes a frame, encrypted, behind those that wait; nothing is sent yet, so that several go out in one call. More
    /// than 64 KiB may not wait.
    ///
    /// # Errors
    /// When the line is over, or ends by this.
    #[inline]
    pub fn queue(&mut self, frame: &[u8]) -> Result<(), Reason> {
        let Link::Open(stream) = &mut self.link else { return Err(broken("it is not open")) };
        match stream.queue(frame, &mut self.rest) {
            Ok(()) if self.rest.len() > UNSENT_MAX => Err(self.over(Reason::Unread(UNSENT_MAX >> 10))),
            Ok(()) => {
                self.unsent = true;
                Ok(())
            }
            Err(error) => Err(self.over(broken(&error.to_string()))),
        }
    }

    /// Sends what waits, as far as the socket takes it at once; what is left goes out with the next call of this or of
    /// [`Self::read`], in order.
    ///
    /// # Errors
    /// When the line is over, or ends by this. Then nobody knows what of the frames arrived.
    #[inline]
    pub fn flush(&mut self) -> Result<(), Reason> {
        let Link::Open(stream) = &mut self.link else { return Err(broken("it is not open")) };
        match stream.write(&mut self.rest) {
            Ok(_) if self.rest.len() > UNSENT_MAX => Err(self.over(Reason::Unread(UNSENT_MAX >> 10))),
            Ok(left) => {
                self.unsent = left;
                Ok(())
            }
            Err(error) => Err(self.over(broken(&error.to_string()))),
        }
    }

    /// Reads once without blocking and gives every whole text message to `heard`; returns how many there were.
    ///
    /// # Errors
    /// When the line is over, or ends by this; messages that came before were given out.
    #[inline]
    pub fn read(&mut self, mut heard: impl FnMut(&[u8])) -> Result<usize, Reason> {
        let Link::Open(stream) = &mut self.link else { return Err(broken("it is not open")) };
        let ended = match stream.read(&mut self.buffer, || 0) {
            // A message may have come right behind the handshake.
            Read::Blocked | Read::Some { .. } => None,
            Read::End => Some(broken("the venue closed it without a close frame")),
            Read::Failed(error) => Some(broken(&error.to_string())),
            Read::Full => Some(Reason::Protocol(crosstick_feeds::ws::WsError::TooLong)),
        };
        let mut messages = 0;
        loop {
            match self.frames.next(&mut self.buffer) {
                Ok(None) => break,
                Ok(Some(Frame::Text(text))) => {
                    messages += 1;
                    heard(text);
                }
                Ok(Some(Frame::Ping(payload))) => {
                    write_frame(&mut self.rest, Opcode::Pong, payload, self.masks.next_key());
                    self.unsent = true;
                }
                Ok(Some(Frame::Pong(_) | Frame::Binary(_))) => {}
                Ok(Some(Frame::Close(code, text))) => {
                    let text = text.get(..text.len().min(CLOSE_TEXT_MAX)).unwrap_or(&[]);
                    let text = String::from_utf8_lossy(text).chars().filter(|c| !c.is_control()).collect::<String>();
                    return Err(self.over(Reason::Closed { code, text: text.into() }));
                }
                Err(error) => return Err(self.over(Reason::Protocol(error))),
            }
        }
        if let Some(reason) = ended {
            return Err(self.over(reason));
        }
        if self.unsent {
            self.flush()?;
        }
        Ok(messages)
    }

    /// To be called in idle turns: what pongs need is fetched ahead.
    pub fn idle(&mut self) {
        self.masks.top_up();
    }

    /// Says goodbye as far as that goes without blocking, and closes.
    pub fn close(mut self) {
        if let Link::Open(stream) = std::mem::replace(&mut self.link, Link::Over) {
            write_frame(&mut self.rest, Opcode::Close, &1000u16.to_be_bytes(), self.masks.next_key());
            stream.close(&mut self.rest);
        }
    }

    #[cold]
    fn over(&mut self, reason: Reason) -> Reason {
        self.link = Link::Over;
        reason
    }
}

impl std::fmt::Debug for OrderLine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OrderLine")
            .field("endpoint", &self.endpoint)
            .field("open", &self.is_open())
            .finish_non_exhaustive()
    }
}

#[cold]
fn broken(why: &str) -> Reason {
    Reason::Broken(why.into())
}

fn refused(host: &str, error: HandshakeError) -> Reason {
    let host = host.into();
    Reason::Connect(match error {
        HandshakeError::Status { status, retry_after_s } => ConnectError::Http { host, status, retry_after_s },
        HandshakeError::NotWebSocket(cause) => ConnectError::NotWebSocket { host, cause },
    })
}
