//! From a frame's text to a tick, by frame type.
//!
//! Topology: frames in memory → a receive buffer → decoder → tick.
//! Threads: one.
//! Unit: one frame.
//! Measures: `fast`: `Decoder::decode` on frames that its fast path takes; `slow`: the same frames by its simd-json
//! path alone; `simd_json_typed`: the reference, simd-json with serde into a borrowing struct of exactly this frame
//! type, its buffers reused, the symbol looked up and the decimals made mantissas as the decoders do; `copy`: what all
//! of them do first, copying the frame into a receive buffer as decryption would; it is part of every row.
//! Does not measure: TLS, WebSocket framing, sockets, refused frames, the choice of a frame's type for the reference
//! (it is told), or how a predictor fares on traffic mixed of several types. Frames are recorded ones where the machine
//! has them; else generated, else fixtures. Where there are fewer than 1024 (the run prints how many and of what
//! source), they are repeated, which flatters every row.

#[path = "versus/reference.rs"]
mod reference;

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use crosstick_benches::frames::{FRAMES_MAX, FrameKind, Sample, sample};
use crosstick_feeds::decode::{Decoder, TimeUnit};
use crosstick_model::Protocol;
use reference::{RECV_NS, Typed, symbols, verify};
use simd_json::Buffers;

fn frame_type(c: &mut Criterion, name: &str, protocol: Protocol, kind: FrameKind, sample: &Sample, combined: bool) {
    // A few frames are repeated, so that a sweep is long everywhere.
    let frames: Vec<Vec<u8>> = sample.frames.iter().cycle().take(FRAMES_MAX).cloned().collect();
    let mut decoder = Decoder::new(protocol, TimeUnit::Milli, 0, symbols(&frames));
    let mut typed = Typed { buffers: Buffers::new(1024), symbols: symbols(&frames), kind, combined };
    verify(&mut decoder, &mut typed, &frames);
    let bytes: usize = frames.iter().map(Vec::len).sum();
    println!("{name}: {} {} frames, {} bytes on average", sample.frames.len(), sample.source, bytes / frames.len());

    let mut buffer = Vec::with_capacity(4096);
    let mut group = c.benchmark_group(format!("decode/{name}"));
    group.throughput(Throughput::Elements(frames.len() as u64));
    let mut row = |row: &str, decode: &mut dyn FnMut(&mut [u8])| {
        group.bench_function(row, |b| {
            b.iter(|| {
                for frame in &frames {
                    buffer.clear();
                    buffer.extend_from_slice(frame);
                    decode(black_box(&mut buffer));
                }
            });
        });
    };
    row("fast", &mut |frame| {
        let _ = black_box(decoder.decode(frame, RECV_NS, &mut |tick| {
            black_box(tick);
        }));
    });
    row("slow", &mut |frame| {
        let _ = black_box(decoder.decode_slow_only(frame, RECV_NS, &mut |tick| {
            black_box(tick);
        }));
    });
    row("simd_json_typed", &mut |frame| {
        black_box(typed.decode(frame));
    });
    row("copy", &mut |frame| {
        black_box(frame);
    });
    group.finish();
}

fn decode(c: &mut Criterion) {
    for kind in [FrameKind::Trade, FrameKind::BookTicker] {
        let combined = sample(Protocol::BinanceSpot, kind);
        let stream = kind.stream();
        let spot = Protocol::BinanceSpot;
        frame_type(c, &format!("spot/{stream}-raw"), spot, kind, &combined.raw(), false);
        frame_type(c, &format!("spot/{stream}"), spot, kind, &combined, true);
    }
    for (venue, protocol) in [("usdm", Protocol::BinanceUsdm), ("coinm", Protocol::BinanceCoinm)] {
        for kind in [FrameKind::Trade, FrameKind::AggTrade, FrameKind::BookTicker] {
            frame_type(c, &format!("{venue}/{}", kind.stream()), protocol, kind, &sample(protocol, kind), true);
        }
    }
}

criterion_group! {
    name = benches;
    config = crosstick_benches::short().measurement_time(std::time::Duration::from_millis(500));
    targets = decode
}
criterion_main!(benches);
