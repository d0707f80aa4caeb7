//! Orders as bytes, read back by code that is not ours: tungstenite takes the frame apart, serde_json the request,
//! big integers and Python's and openssl's signatures check what it says.

mod desk;
mod python;
mod refusals;
mod values;
mod vectors;
