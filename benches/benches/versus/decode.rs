//! One frame's text to a tick. Every contestant first gets the frame copied into its receive buffer, as decryption
//! would, since simd-json rewrites its input; the copy is in every row but `where it lies`, which is how the engine's
//! reader decodes: in the receive buffer, into which the decryption has put the frame long before.

use std::hint::black_box;

use crosstick_benches::frames::{FRAMES_MAX, FrameKind, sample};
use crosstick_benches::turns::result::Session;
use crosstick_benches::turns::{Clock, Contest, Measure, TURN, Target, Targets, percentiles, time_per_unit};
use crosstick_feeds::decode::{Decoded, Decoder, TimeUnit};
use crosstick_model::{Protocol, Tick};
use simd_json::Buffers;

use crate::reference::{RECV_NS, Sonic, Typed, symbols, verify};

const MEASURES: &[Measure] = &[Measure::ns("warm"), Measure::ns("cold p50")];
const AS_RECORDED: Targets = &[[Some(Target::ratio(0.25, 0.15)), None]];
const ANY_ORDER: Targets = &[[Some(Target::ratio(0.95, 0.85)), None]];
/// Single decodes of a turn, each with what it needs thrown out of the first two levels of the cache.
const COLD: usize = 24;
/// More than a second-level cache holds.
const WIPE_BYTES: usize = 6 << 20;

/// What wipes the caches, and when.
struct Bench {
    clock: Clock,
    wipe: Vec<u64>,
    buffer: Vec<u8>,
}

impl Bench {
    fn new() -> Self {
        Self { clock: Clock::new(), wipe: vec![1; WIPE_BYTES / 8], buffer: Vec::with_capacity(4096) }
    }

    /// ns a frame: `one` on all of them again and again, and on single ones cold.
    fn turn(&mut self, count: usize, mut one: impl FnMut(&mut Vec<u8>, usize)) -> Vec<f64> {
        let Self { clock, wipe, buffer } = self;
        let warm = time_per_unit(clock, TURN, count as u64, || (0..count).for_each(|n| one(buffer, n)));
        let mut cold: Vec<u64> = (0..COLD)
            .map(|n| {
                wipe.iter_mut().step_by(8).for_each(|word| *word = word.wrapping_mul(3));
                let begin = clock.ticks();
                one(buffer, n * 37 % count);
                clock.ticks() - begin
            })
            .collect();
        vec![warm, percentiles(&mut cold, clock, &[0.5])[0]]
    }

    /// The same with a copy of each frame in the receive buffer.
    fn copied(&mut self, frames: &[Vec<u8>], decode: &mut dyn FnMut(&mut [u8])) -> Vec<f64> {
        self.turn(frames.len(), |buffer, n| {
            buffer.clear();
            buffer.extend_from_slice(&frames[n]);
            decode(black_box(buffer.as_mut_slice()));
        })
    }
}

/// The frame with its fields in another order: those of the message turned by `n`, the envelope's swapped where odd.
fn reordered(frame: &[u8], n: usize) -> Vec<u8> {
    let root: serde_json::Value = serde_json::from_slice(frame).expect("valid JSON");
    let turn = |object: &serde_json::Map<String, serde_json::Value>, by: usize| {
        let count = object.len();
        let fields = object.iter().cycle().skip(by % count).take(count);
        fields.map(|(key, value)| (key.clone(), value.clone())).collect::<serde_json::Map<_, _>>()
    };
    let mut root = root.as_object().expect("an object").clone();
    let data = root["data"].as_object().expect("an envelope").clone();
    root.insert("data".into(), turn(&data, 1 + n % (data.len() - 1)).into());
    serde_json::to_vec(&turn(&root, n)).expect("JSON")
}

fn contest(session: &mut Session, id: &str, protocol: Protocol, kind: FrameKind, any_order: bool) {
    let sample = sample(protocol, kind);
    let mut frames: Vec<Vec<u8>> = sample.frames.iter().cycle().take(FRAMES_MAX).cloned().collect();
    let symbols = || symbols(&sample.frames);
    let mut decoder = Decoder::new(protocol, TimeUnit::Milli, 0, symbols());
    let typed = || Typed { buffers: Buffers::new(1024), symbols: symbols(), kind, combined: true };
    let (mut rival, mut sonic) = (typed(), Sonic { symbols: symbols(), kind });
    verify(&mut decoder, &mut rival, &frames);
    if any_order {
        let in_order = std::mem::take(&mut frames);
        frames = in_order.iter().enumerate().map(|(n, frame)| reordered(frame, n)).collect();
        for (frame, original) in frames.iter().zip(&in_order) {
            let same = rival.decode(&mut original.clone()).expect("a tick");
            assert_eq!(rival.decode(&mut frame.clone()), Some(same));
            let mut ticks = Vec::new();
            let decoded = decoder.decode(&mut frame.clone(), RECV_NS, &mut |tick| ticks.push(tick));
            assert_eq!(
                (decoded, ticks),
                (Decoded::Tick { fast: false }, vec![same]),
                "{}",
                String::from_utf8_lossy(frame)
            );
        }
    }
    for frame in &frames {
        assert_eq!(sonic.decode(frame), rival.decode(&mut frame.clone()));
    }
    let bytes = frames.iter().map(Vec::len).sum::<usize>() / frames.len();
    let title = format!("{} {} frames, {bytes} bytes on average", sample.frames.len(), sample.source);
    let (targets, name) =
        if any_order { (ANY_ORDER, "crosstick decoder, slow path") } else { (AS_RECORDED, "crosstick decoder") };
    let keep = |tick: Option<Tick>| {
        black_box(tick);
    };
    let bench = std::cell::RefCell::new(Bench::new());
    let turn = |decode: &mut dyn FnMut(&mut [u8])| bench.borrow_mut().copied(&frames, decode);
    let (mut lying, mut in_place) = (frames.clone(), Decoder::new(protocol, TimeUnit::Milli, 0, symbols()));
    let ticks: Vec<Tick> = frames.iter().map(|frame| rival.decode(&mut frame.clone()).expect("a tick")).collect();
    let mut contest = Contest::new(id, title, MEASURES)
        .rival("simd-json typed, reused buffers", || turn(&mut |frame| keep(rival.decode(frame))))
        .ours(name, targets, || {
            turn(&mut |frame| {
                let _ = black_box(decoder.decode(frame, RECV_NS, &mut |tick| keep(Some(tick))));
            })
        })
        .other("sonic-rs typed", || turn(&mut |frame| keep(sonic.decode(frame))))
        .other("floor: the copy alone", || {
            turn(&mut |frame| {
                black_box(frame);
            })
        });
    if !any_order {
        contest = contest.ours("crosstick decoder, where it lies", &[], || {
            let figures = bench.borrow_mut().turn(lying.len(), |_, n| {
                let _ = black_box(in_place.decode(black_box(&mut lying[n]), RECV_NS, &mut |tick| keep(Some(tick))));
            });
            // The same frames once more, where the clock does not run.
            for (frame, expected) in lying.iter_mut().zip(&ticks) {
                let mut found = Vec::new();
                let decoded = in_place.decode(frame, RECV_NS, &mut |tick| found.push(tick));
                assert_eq!((decoded, found.as_slice()), (Decoded::Tick { fast: true }, std::slice::from_ref(expected)));
            }
            figures
        });
    }
    contest.run(session);
}

pub fn run(session: &mut Session) {
    let venues = [("spot", Protocol::BinanceSpot), ("usdm", Protocol::BinanceUsdm), ("coinm", Protocol::BinanceCoinm)];
    for (venue, protocol) in venues {
        for kind in [FrameKind::Trade, FrameKind::BookTicker] {
            contest(session, &format!("decode/{venue}/{}", kind.stream()), protocol, kind, false);
        }
    }
    for kind in [FrameKind::Trade, FrameKind::BookTicker] {
        let id = format!("decode/any_order/spot/{}", kind.stream());
        contest(session, &id, Protocol::BinanceSpot, kind, true);
    }
}
