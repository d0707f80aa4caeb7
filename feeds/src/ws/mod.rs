//! WebSocket as a client speaks it, sans-I/O.
//!
//! HOT: [`frame`] (one call a frame, reader thread). COLD: [`handshake`], [`mask`] and everything sent, which is a few
//! frames a minute. tungstenite supplies the handshake machine and the header code for everything but the frames that
//! matter: final, unmasked data frames are parsed where they lie in the receive buffer.
//! Deliberately absent: compression (never offered, so never accepted) and a UTF-8 pass (the JSON decoder refuses).

pub mod frame;
pub mod handshake;
pub mod mask;

pub use frame::{Frame, Frames, Opcode, WsError, write_frame};
pub use handshake::{Handshake, HandshakeError};
pub use mask::MaskKeys;
