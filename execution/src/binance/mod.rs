//! HOT: whoever sends. Binance spot orders as WebSocket API requests: from what risk approved to the bytes of a masked
//! client frame, and from the venue's answers to what became of a request.
//!
//! Everything that an order does not change is laid out at start, once an instrument: a request of an instrument always
//! has the same length, and what varies sits in fields of fixed places, right-aligned behind blanks, which JSON allows
//! before a value. So encoding writes some forty digits and masks the whole. Nothing allocates, nothing can panic, no
//! number is a float: prices and quantities are mantissas at the instrument's scale, written with the decimals of its
//! steps.
//!
//! Protocol: Binance's `web-socket-api.md` (`order.place`, `order.cancel`, `session.logon`; signatures over all
//! parameters but the signature, sorted by name, as `name=value` joined by `&`) of June 2026.

mod answer;
mod client_id;
mod digits;
mod encoder;
mod sign;
mod template;

pub use answer::{Answer, Heard, Request, hear};
pub use client_id::{ClientId, ORDERS_MAX, RunId};
pub use encoder::{Auth, Encoder, EncoderError, EncoderSpec, Unencodable, Unplaced};
pub use sign::{SecretError, Signer};
