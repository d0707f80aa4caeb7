//! No client: a socket read until it gives something, and the frames in it counted by their lengths. What is left of a
//! way when nothing is done with what came.

use std::io::{ErrorKind, Read};
use std::net::{SocketAddr, TcpStream};

use tungstenite::Message;

use crate::stamps::{FIRST_ID, Stamps};

/// Header of a frame of 126 to 65,535 bytes from a server, with the length in its last two.
const HEADER: usize = 4;
const TEXT_FINAL: u8 = 0x81;
const TWO_BYTES: u8 = 126;

/// Runs it until the turn is over.
pub fn run(address: SocketAddr, stamps: &Stamps) -> Result<(), String> {
    let tcp = TcpStream::connect(address).map_err(|e| e.to_string())?;
    tcp.set_nodelay(true).map_err(|e| e.to_string())?;
    let (mut socket, _) = tungstenite::client(format!("ws://{address}/stream"), tcp).map_err(|e| e.to_string())?;
    let ask = r#"{"method":"SUBSCRIBE","params":["btcusdt@trade"],"id":1}"#;
    socket.send(Message::text(ask)).map_err(|e| e.to_string())?;
    socket.read().map_err(|e| e.to_string())?;
    let tcp = socket.get_mut();
    tcp.set_nonblocking(true).map_err(|e| e.to_string())?;
    stamps.set_ready();
    count(tcp, stamps)
}

fn count(tcp: &mut TcpStream, stamps: &Stamps) -> Result<(), String> {
    let mut buffer = vec![0; 1 << 16];
    let (mut filled, mut next) = (0, FIRST_ID);
    while !stamps.is_stopped() {
        match tcp.read(&mut buffer[filled..]) {
            Ok(0) => return Err("the server closed the connection".into()),
            Ok(read) => filled += read,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                std::hint::spin_loop();
                continue;
            }
            Err(error) => return Err(error.to_string()),
        }
        let mut at = 0;
        while let Some(&[kind, length, high, low]) = buffer[at..filled].first_chunk::<HEADER>() {
            if (kind, length) != (TEXT_FINAL, TWO_BYTES) {
                return Err(format!("a frame that begins with {kind:#x} {length:#x}"));
            }
            let whole = at + HEADER + usize::from(u16::from_be_bytes([high, low]));
            if whole > filled {
                break;
            }
            stamps.callback(next);
            next += 1;
            at = whole;
        }
        buffer.copy_within(at..filled, 0);
        filled -= at;
    }
    Ok(())
}
