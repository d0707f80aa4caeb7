//! WebSocket frames out of the receive buffer: short, final, unmasked ones.

use crosstick_feeds::buffer::RecvBuffer;
use crosstick_feeds::ws::frame::BUFFER_LIMIT;
use crosstick_feeds::ws::{Frame, Frames};

use super::Stage;

const FRAMES: usize = 64;
/// As long as a trade: its length stands in two bytes.
const PAYLOAD: usize = 160;

/// One frame, of 64 that one read brought.
pub fn next() -> Stage {
    let mut bytes = Vec::new();
    for _ in 0..FRAMES {
        bytes.extend_from_slice(&[0x81, 126, 0, PAYLOAD as u8]);
        bytes.extend_from_slice(&[b'x'; PAYLOAD]);
    }
    let mut buffer = RecvBuffer::new(BUFFER_LIMIT);
    let mut frames = Frames::default();
    let fill = {
        let bytes = bytes.clone();
        move |buffer: &mut RecvBuffer| assert!(buffer.extend(&bytes), "room for a read")
    };
    let sweep = |frames: &mut Frames, buffer: &mut RecvBuffer| {
        let mut sum = 0_u64;
        while let Ok(Some(frame)) = frames.next(buffer) {
            if let Frame::Text(payload) = frame {
                sum += std::hint::black_box(payload).len() as u64;
            }
        }
        sum
    };
    fill(&mut buffer);
    assert_eq!(sweep(&mut frames, &mut buffer), (FRAMES * PAYLOAD) as u64, "every payload");
    fill(&mut buffer);
    Stage::new(FRAMES as u64, (FRAMES * PAYLOAD) as u64, move || sweep(&mut frames, &mut buffer))
}
