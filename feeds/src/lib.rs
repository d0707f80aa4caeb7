//! Market data in: sockets, TLS, WebSocket, connection policy, and the venues' decoders.
//!
//! **Thread:** a reader thread, which owns its sockets, its decoders and one end of a ring. **Hot:** [`reader`],
//! [`outlet`], [`buffer`], [`ws::frame`], [`net::Stream`] and `decode`, once a frame or a read. **Cold:** [`connection`]
//! (policy, sans-I/O), [`net`] otherwise, [`endpoints`] and `facts`; they run at start, at reconnects and a few times a
//! minute. **Deliberately absent:** strategy, risk, prices kept from one tick to the next, logging (events go to the
//! main thread through a bounded channel), reconnection that overlaps (make before break), and any way to skip the
//! check of a certificate.

pub mod buffer;
pub mod connection;
pub mod decode;
pub mod endpoint;
pub mod error;
pub mod net;
pub mod ws;
