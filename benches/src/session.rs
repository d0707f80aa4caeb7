//! A generated session in memory: the demo's venues, every frame with the time at which it arrives. Cold.

use std::ops::Range;

use crosstick_feeds::decode::{self, Decoded, Decoder, SymbolTable};
use crosstick_model::{Tick, Universe, VenueId};
use crosstick_sim::flow::{Body, FlowEvent};
use crosstick_sim::{Flow, FlowSpec, TimeUnit};

/// Where the session's time begins, ns since the epoch.
pub const START_NS: u64 = 1_700_000_000_000_000_000;

/// One frame and its arrival.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// Receive time, ns since the epoch.
    pub recv_ns: u64,
    /// The venue's number, which is that of the demo config as well.
    pub venue: usize,
    /// Its text in [`Session::bytes`].
    pub text: Range<usize>,
}

/// All frames of a session, in the order of their arrival.
#[derive(Debug, Clone, Default)]
pub struct Session {
    /// The frames.
    pub arrivals: Vec<Arrival>,
    /// Their texts, one after the other.
    pub bytes: Vec<u8>,
    /// How many are trades or aggregated trades, counted at the generator.
    pub trades: u64,
    /// How many are quotes, counted at the generator.
    pub quotes: u64,
}

impl Session {
    /// The first `seconds` of the demo's flow, as combined connections bring it.
    ///
    /// # Panics
    /// When the demo's flow contradicts itself.
    #[must_use]
    pub fn demo(seed: u64, seconds: u64) -> Self {
        let mut flow = Flow::new(seed, &FlowSpec::demo()).expect("the demo's flow");
        let mut session = Self::default();
        while let Some(event) = flow.next().filter(|e| e.at_ns < seconds * 1_000_000_000) {
            match event.body {
                Body::Quote { .. } => session.quotes += 1,
                Body::Trade { .. } | Body::AggTrade { .. } => session.trades += 1,
            }
            let start = session.bytes.len();
            push_frame(&mut session.bytes, &flow, &event, TimeUnit::Millis);
            let text = start..session.bytes.len();
            session.arrivals.push(Arrival { recv_ns: START_NS + event.at_ns, venue: event.venue, text });
        }
        session
    }

    /// The text of a frame.
    ///
    /// # Panics
    /// When the arrival is of another session.
    #[inline]
    #[must_use]
    pub fn text(&self, arrival: &Arrival) -> &[u8] {
        &self.bytes[arrival.text.clone()]
    }

    /// The frames as the readers' decoders make ticks of them.
    ///
    /// # Panics
    /// When the universe is not the demo's, or a frame is no tick.
    #[must_use]
    pub fn ticks(&self, universe: &Universe) -> Vec<Tick> {
        let decoder = |venue: VenueId| {
            let ours = universe.instruments.iter().filter(|i| i.venue == venue);
            let symbols = SymbolTable::new(ours.map(|i| (&*i.symbol, i.id, i.scale))).expect("symbols of the demo");
            Decoder::new(universe.venue(venue).protocol, decode::TimeUnit::Milli, 0, symbols)
        };
        let mut decoders: Vec<Decoder> = universe.venues.iter().map(|v| decoder(v.id)).collect();
        let mut all = Vec::new();
        for arrival in &self.arrivals {
            let mut bytes = self.text(arrival).to_vec();
            let decoded = decoders[arrival.venue].decode(&mut bytes, arrival.recv_ns, &mut |tick| all.push(tick));
            assert!(matches!(decoded, Decoded::Tick { .. }), "{decoded:?}");
        }
        all
    }
}

/// Appends an event as a combined connection brings it.
pub fn push_frame(out: &mut Vec<u8>, flow: &Flow, event: &FlowEvent, unit: TimeUnit) {
    out.extend_from_slice(b"{\"stream\":\"");
    out.extend_from_slice(flow.stream_of(event).as_bytes());
    out.extend_from_slice(b"\",\"data\":");
    flow.push_payload(out, event, START_NS, unit);
    out.push(b'}');
}
