//! Frames of one kind, from the best source that the machine has. Cold.

use std::path::{Path, PathBuf};

use crosstick_model::Protocol;
use crosstick_sim::flow::Body;
use crosstick_sim::{Flow, FlowSpec, StreamKind, TimeUnit};

/// Most frames of a sample: with about 200 bytes each they stay in the second-level cache.
pub const FRAMES_MAX: usize = 1024;

/// What a frame carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameKind {
    /// A trade.
    Trade,
    /// All trades of one taker order.
    AggTrade,
    /// The best quote.
    BookTicker,
}

impl FrameKind {
    /// The name of its streams.
    #[must_use]
    pub const fn stream(self) -> &'static str {
        match self {
            Self::Trade => "trade",
            Self::AggTrade => "aggTrade",
            Self::BookTicker => "bookTicker",
        }
    }
}

/// Frames of one kind as they come over a combined connection, in the order of their arrival.
#[derive(Debug, Clone)]
pub struct Sample {
    /// At least one, at most [`FRAMES_MAX`]; on-market trades only.
    pub frames: Vec<Vec<u8>>,
    /// `recorded`, `generated` or `fixture`: how far the numbers can be trusted to tell about a real venue.
    pub source: &'static str,
}

impl Sample {
    /// The same frames as a raw connection brings them: without the envelope.
    ///
    /// # Panics
    /// When a frame has no envelope.
    #[must_use]
    pub fn raw(&self) -> Self {
        let frames = self.frames.iter().map(|frame| {
            let text = std::str::from_utf8(frame).expect("a frame is text");
            let (_, data) = text.split_once("\"data\":").expect("a combined frame");
            data.strip_suffix('}').expect("an envelope ends in a brace").as_bytes().to_vec()
        });
        Self { frames: frames.collect(), source: self.source }
    }
}

/// Frames of `kind` of a venue that speaks `protocol`: recorded ones where the machine has them (`CROSSTICK_DATA`, or
/// a folder beside the checkout), else generated, else the few that ship as fixtures.
///
/// # Panics
/// When a source exists and cannot be read, or no source has such a frame.
#[must_use]
pub fn sample(protocol: Protocol, kind: FrameKind) -> Sample {
    type Read = fn(Protocol, FrameKind) -> Vec<Vec<u8>>;
    let sources: [(&'static str, Read); 3] = [("recorded", recorded), ("generated", generated), ("fixture", fixtures)];
    let found = sources.into_iter().map(|(source, read)| Sample { frames: read(protocol, kind), source });
    found.into_iter().find(|sample| !sample.frames.is_empty()).expect("a fixture of every kind ships with the crate")
}

/// The folder of recordings, if this machine has it.
fn recordings() -> Option<PathBuf> {
    let named = std::env::var_os("CROSSTICK_DATA").map(PathBuf::from);
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    named.into_iter().chain([beside]).find(|dir| dir.is_dir())
}

fn recorded(protocol: Protocol, kind: FrameKind) -> Vec<Vec<u8>> {
    let Some(root) = recordings() else { return Vec::new() };
    let files: &[&str] = match (protocol, kind) {
        // Nothing decodes it yet.
        (Protocol::MexcSpot, _) => &[],
        (Protocol::BinanceSpot, FrameKind::AggTrade) => &["cryptofeed/BINANCE-ee25be.0.29970208.txt.zst"],
        (Protocol::BinanceUsdm, FrameKind::AggTrade) => &["cryptofeed/BINANCE_FUTURES.ws.5.0.22bf4771.txt.zst"],
        (Protocol::BinanceCoinm, FrameKind::AggTrade) => &["cryptofeed/BINANCE_DELIVERY.ws.7.0.22bf4771.txt.zst"],
        (Protocol::BinanceSpot, _) => {
            &["hftbacktest/spot/btcusdt_20240808.txt.zst", "hftbacktest/spot/ethusdt_20240808.txt.zst"]
        }
        (Protocol::BinanceUsdm, _) => {
            &["hftbacktest/usdm/btcusdt_20240808.txt.zst", "hftbacktest/usdm/ethusdt_20240808.txt.zst"]
        }
        (Protocol::BinanceCoinm, _) => {
            &["hftbacktest/cm/btcusd_perp_20240808.txt.zst", "hftbacktest/cm/ethusd_perp_20240808.txt.zst"]
        }
    };
    let mut lines = Vec::new();
    for path in files.iter().map(|file| root.join(file)).filter(|path| path.is_file()) {
        let packed = std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let bytes = zstd::decode_all(&*packed).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let text = String::from_utf8(bytes).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let received = text.lines().filter_map(|line| line.split_once(' ')).filter(|(_, frame)| is_of(frame, kind));
        lines.extend(received.map(|(time, frame)| (time.to_owned(), frame.as_bytes().to_vec())));
    }
    // Times of one kind of file have the same number of digits, so that text orders them; as one connection would
    // bring the symbols of both files, they take turns.
    lines.sort_by(|a, b| a.0.cmp(&b.0));
    lines.into_iter().map(|(_, frame)| frame).take(FRAMES_MAX).collect()
}

fn is_of(frame: &str, kind: FrameKind) -> bool {
    let Some(name) = frame.strip_prefix("{\"stream\":\"").and_then(|rest| rest.split('"').next()) else { return false };
    let off_market = frame.contains("\"X\":\"") && !frame.contains("\"X\":\"MARKET\"");
    name.split_once('@').is_some_and(|(_, stream)| stream == kind.stream()) && !off_market
}

fn generated(protocol: Protocol, kind: FrameKind) -> Vec<Vec<u8>> {
    let spec = FlowSpec::demo();
    let mut flow = Flow::new(1, &spec).expect("the demo's flow");
    let stream = match kind {
        FrameKind::Trade => StreamKind::Trade,
        FrameKind::AggTrade => StreamKind::AggTrade,
        FrameKind::BookTicker => StreamKind::BookTicker,
    };
    if !spec.venues.iter().any(|v| v.protocol == protocol && v.streams.contains(&stream)) {
        return Vec::new();
    }
    let mut frames = Vec::new();
    while frames.len() < FRAMES_MAX {
        let event = flow.next().expect("a flow has no end");
        let of_kind = match event.body {
            Body::Quote { .. } => FrameKind::BookTicker,
            Body::Trade { .. } => FrameKind::Trade,
            Body::AggTrade { .. } => FrameKind::AggTrade,
        };
        if of_kind == kind && spec.venues[event.venue].protocol == protocol {
            let mut frame = Vec::new();
            crate::session::push_frame(&mut frame, &flow, &event, TimeUnit::Millis);
            frames.push(frame);
        }
    }
    frames
}

fn fixtures(protocol: Protocol, kind: FrameKind) -> Vec<Vec<u8>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../feeds/tests/fixtures/{protocol}.txt"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let frames = text.lines().filter_map(|line| line.split_once('\t')).filter(|(_, frame)| is_of(frame, kind));
    frames.map(|(_, frame)| frame.as_bytes().to_vec()).collect()
}
