//! Sockets: name, TCP, TLS. The one place of this crate that talks to the operating system.
//!
//! HOT: [`Stream::read`] and [`Stream::write`]. COLD: [`Dial`], which brings a stream about without ever blocking the
//! reader thread that polls it.

mod dial;
mod resolve;
mod stream;
mod sys;
mod tls;

pub use dial::{Dial, SocketOptions};
pub use stream::{Read, Stream, decrypt};
pub use tls::TlsClient;
