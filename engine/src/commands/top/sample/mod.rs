//! From the region to a scene: opens it, notices when another engine takes the name, keeps what rates and lists need.

mod history;
mod names;
mod rates;
mod tables;

use crosstick_ipc::layout::{self, State, text};
use crosstick_ipc::reader::Health;
use crosstick_ipc::{Place, Reader, RegionError};
use crosstick_model::DenyCode;

use super::scene::{Counter, Engine, Halt, Link, Outcome, Scene};
use history::History;
use names::Names;
pub use names::clean;
use rates::Rates;

/// Looks at whatever region has the name.
pub struct Sampler {
    place: Place,
    attached: Option<Attached>,
    /// Engines seen so far.
    engines: u64,
}

/// One engine's region, and what was gathered from it.
struct Attached {
    reader: Reader,
    names: Names,
    history: History,
    rates: Rates,
    scene: Scene,
}

impl Sampler {
    pub fn new(place: Place) -> Self {
        Self { place, attached: None, engines: 0 }
    }

    pub fn name(&self) -> &str {
        self.place.name()
    }

    /// What is known at wall time `now_ns`.
    pub fn sample(&mut self, now_ns: u64) -> Scene {
        let refused = self.attach();
        let blank = |link| Scene { name: self.place.name().to_owned(), now_ns, link, ..Scene::default() };
        if let Some(why) = refused {
            return blank(Link::Refused(why));
        }
        let restarts = self.engines.saturating_sub(1);
        let Some(attached) = &mut self.attached else { return blank(Link::Waiting) };
        attached.look(now_ns);
        let scene = &attached.scene;
        Scene { name: self.place.name().to_owned(), restarts, ..scene.clone() }
    }

    /// Takes up the region that lies there now. What is said is why it cannot be read.
    fn attach(&mut self) -> Option<String> {
        if self.attached.as_ref().is_some_and(|a| !a.reader.is_replaced()) {
            return None;
        }
        match Reader::open(&self.place) {
            Ok(reader) => {
                self.engines += 1;
                self.attached = Some(Attached::new(reader));
                None
            }
            // The last values of one that ended stay in sight.
            Err(RegionError::Missing { .. }) => None,
            Err(error) => {
                self.attached = None;
                Some(clean(&error.to_string()))
            }
        }
    }
}

impl Attached {
    fn new(reader: Reader) -> Self {
        let names = Names::of(&reader);
        let history = History::of(&reader);
        Self { reader, names, history, rates: Rates::default(), scene: Scene::default() }
    }

    /// Reads everything; what cannot be read at the moment stays as it was.
    fn look(&mut self, now_ns: u64) {
        let Self { reader, names, history, rates, scene } = self;
        scene.now_ns = now_ns;
        scene.link = link(reader, now_ns);
        if matches!(scene.link, Link::Refused(_)) {
            return;
        }
        rates.begin(now_ns, matches!(scene.link, Link::Live));
        engine(reader, rates, scene);
        risk(reader, scene);
        tables::fill(reader, names, rates, scene);
        history.follow(names, scene);
    }
}

fn link(reader: &Reader, now_ns: u64) -> Link {
    let Some(identity) = reader.identity() else {
        return Link::Refused(format!("{}: cut off while it was read", reader.place().path().display()));
    };
    let age = now_ns.saturating_sub(identity.heartbeat_ns);
    match reader.health(now_ns) {
        Health::Live => Link::Live,
        Health::Stalled => Link::Stalled(age),
        Health::Stopped => Link::Stopped(age),
        Health::Dead => Link::Dead(age),
        // Nothing else has its name, so somebody removed the file of one that may well be at work.
        Health::Replaced if identity.is_live() => Link::Stalled(age),
        Health::Replaced => Link::Dead(age),
        Health::CutOff => Link::Refused(format!("{}: cut off while it was read", reader.place().path().display())),
    }
}

fn engine(reader: &Reader, rates: &mut Rates, scene: &mut Scene) {
    if let Some(identity) = reader.identity() {
        let old = std::mem::take(&mut scene.engine);
        scene.engine = Engine {
            pid: identity.pid,
            build: clean(&identity.build),
            mode: clean(&identity.mode),
            state: identity.state.map_or("unknown", State::name).to_owned(),
            started_ns: identity.started_ns,
            heartbeat_ns: identity.heartbeat_ns,
            ..old
        };
    }
    let row = reader.engine();
    let mut counter = |name, old: Counter, new: Option<u64>| {
        let count = new.unwrap_or(old.count);
        Counter { count, rate: rates.of((name, 0), count) }
    };
    let e = &mut scene.engine;
    e.ticks = counter("ticks", e.ticks, row.map(|r| r.ticks));
    e.seen = counter("seen", e.seen, row.map(|r| r.opportunities_seen));
    e.taken = counter("taken", e.taken, row.map(|r| r.opportunities_taken));
    e.sent = counter("sent", e.sent, row.map(|r| r.orders_sent));
    e.filled = counter("filled", e.filled, row.map(|r| r.orders_filled));
    let Some(row) = row else { return };
    e.open = row.opportunities_open;
    e.partly_filled = row.orders_partly_filled;
    e.rejected = row.orders_rejected;
    e.denied = row.orders_denied;
    e.lagging = row.lines_lagging;
    scene.orders_unseen = row.orders_not_shown;
}

fn risk(reader: &Reader, scene: &mut Scene) {
    let Some(row) = reader.risk() else { return };
    scene.halt = (row.halted != 0).then(|| {
        let code = DenyCode::ALL.get(row.code as usize).map_or("an unknown code", |c| c.code());
        Halt { code: code.to_owned(), reason: clean(&text(&row.reason)), since_ns: row.changed_ns }
    });
    let amount = |words| layout::amount(words).0;
    scene.result = Outcome {
        currency: clean(&text(&row.currency)),
        net: amount(row.net),
        realised: amount(row.realised),
        fees: amount(row.fees),
        unrealised: amount(row.unrealised),
        gross: amount(row.gross),
    };
}
