//! Market data in: sockets, TLS, WebSocket, connection policy, and the venues' decoders.
//!
//! **Thread:** a reader thread, which owns its sockets, its decoders and one end of a ring. **Hot:** [`reader`],
//! [`outlet`], [`buffer`], [`ws::frame`], [`net::Stream`] and `decode`, once a frame or a read. **Cold:**
//! [`connection`]
//! (policy, sans-I/O), [`net`] otherwise, [`endpoints`] and `facts`; they run at start, at reconnects and a few times a
//! minute. **Deliberately absent:** strategy, risk, prices kept from one tick to the next, logging (events go to the
//! main thread through a bounded channel), reconnection that overlaps (make before break), and any way to skip the
//! check of a certificate.

pub mod buffer;
pub mod connection;
pub mod decode;
pub mod endpoint;
pub mod endpoints;
pub mod error;
pub mod facts;
pub mod net;
pub mod outlet;
pub mod reader;
pub mod ws;

pub use connection::{AttemptBudget, Event, EventKind, Rules};
pub use endpoint::Endpoint;
pub use endpoints::{Environment, SocketPlan, StreamKind, Subscription};
pub use error::{ConfigError, ConnectError, Reason, Remedy};
pub use net::{SocketOptions, TlsClient};
pub use outlet::{Outlet, RingSink, TickSink};
pub use reader::{Batch, Clock, FeedStats, LineSpec, LineStats, Observer, PollWaker, Reader};
