//! What a venue says about the connection itself: answers to our requests, and notices. Cold: a handful a day.

/// Longest error text kept, in bytes; the rest is cut.
pub const MAX_MESSAGE_BYTES: usize = 256;
/// Most stream names kept of one list answer; a connection carries at most 1024 streams.
pub const MAX_STREAMS: usize = 2048;
/// Longest request id or stream name kept, in bytes.
pub const MAX_NAME_BYTES: usize = 128;

/// The id that a request was sent with, as the venue gave it back.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum RequestId {
    /// A number; ours always are.
    Number(i64),
    /// Some text.
    Text(Box<str>),
    /// `null`, or none at all.
    None,
}

/// A control message. Texts in it are bounded and come from outside: print them quoted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Control {
    /// A request was taken. It proves nothing about a stream: a misspelt one is acknowledged too, and stays silent.
    Accepted {
        /// Whose answer.
        id: RequestId,
    },
    /// A request was refused.
    Rejected {
        /// Whose answer.
        id: RequestId,
        /// The venue's code; 0 where it gave none.
        code: i64,
        /// The venue's words.
        message: Box<str>,
    },
    /// The streams that the connection carries.
    Subscriptions {
        /// Whose answer.
        id: RequestId,
        /// Their names.
        streams: Box<[Box<str>]>,
    },
    /// The value of a property of the connection (`combined`).
    Property {
        /// Whose answer.
        id: RequestId,
        /// Its value.
        value: bool,
    },
    /// The venue is about to close the connection: open another one first.
    ServerShutdown,
}
