//! Faults on demand: what goes wrong, where, and when. Sans I/O: messages, requests and a time in, what becomes of them
//! out. The venue asks before it sends, answers or lets somebody in, and does what the fault says.
//!
//! A fault waits for its time (`at_ms`), then for its messages (`after`), then acts: at once and once (drop), for a
//! time (stall, `for_ms`), or on so many messages, requests or connections (`count`). With `every_ms` it begins anew;
//! periods that were missed altogether are not made up. Where several faults could hit a message, the oldest does.

mod fate;
mod kind;
mod spec;

use self::fate::refusal;
pub(crate) use self::fate::{AnswerFate, Door, Edge, Fate, Layer, Refusal, RequestFate, Skew};
pub(crate) use self::kind::{Kind, Scope};
pub(crate) use self::spec::trading_status;
pub use self::spec::{FaultError, FaultSpec};

/// A millisecond in the unit of all times here.
const MS: u64 = 1_000_000;
/// Faults that are over and still listed; the oldest go.
const ENDED_KEPT: usize = 100;
/// Faults that a venue takes.
const FAULTS_MAX: usize = 1_000;

/// How far a fault is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting,
    /// So many messages of its scope have passed.
    Counting(u64),
    /// Until when, and for how many more.
    Running(Option<u64>, Option<u64>),
    Ended,
}

/// One fault.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) id: u64,
    pub(crate) kind: Kind,
    pub(crate) scope: Scope,
    pub(crate) spec: FaultSpec,
    /// When it begins next, or began.
    at_ns: u64,
    state: State,
    /// How often it began, and how often it hit something.
    pub(crate) begun: u64,
    pub(crate) hits: u64,
}

/// The faults of one venue.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    list: Vec<Fault>,
    last_id: u64,
    edges: Vec<Edge>,
    /// Some fault waits for messages or acts on them.
    busy: bool,
    /// Some fault holds the market's flow.
    holding: bool,
}

impl Fault {
    const fn ms(value: Option<u64>, default: u64) -> u64 {
        match value {
            Some(ms) => ms.saturating_mul(MS),
            None => default.saturating_mul(MS),
        }
    }

    const fn running(&self) -> bool {
        matches!(self.state, State::Running(..))
    }

    /// Its state in words.
    pub(crate) const fn state(&self) -> &'static str {
        match self.state {
            State::Waiting => "waiting",
            State::Counting(_) => "counting",
            State::Running(..) => "running",
            State::Ended => "ended",
        }
    }

    /// When it ends, where that is known.
    pub(crate) const fn until_ns(&self) -> Option<u64> {
        match self.state {
            State::Running(until, _) => until,
            _ => None,
        }
    }

    pub(crate) fn layer(&self) -> Layer {
        if self.spec.layer.as_deref() == Some("frame") { Layer::Frame } else { Layer::Payload }
    }

    /// Whether it is about some streams alone.
    pub(crate) const fn chooses_streams(&self) -> bool {
        self.spec.symbol.is_some() || self.spec.stream.is_some()
    }

    /// Whether a stream is among those that it is about.
    pub(crate) fn is_about_stream(&self, stream: Option<&str>) -> bool {
        let by_symbol = self.spec.symbol.as_deref().is_none_or(|symbol| {
            // Binance begins with the symbol, MEXC has it somewhere behind.
            let of = |name: &str| name.split('@').any(|part| part.eq_ignore_ascii_case(symbol));
            stream.is_some_and(of)
        });
        by_symbol && self.spec.stream.as_deref().is_none_or(|wanted| stream == Some(wanted))
    }

    fn is_about_request(&self, name: &str) -> bool {
        match &self.spec.request {
            Some(wanted) => name == wanted || name.split_once(' ').is_some_and(|(_, path)| path == wanted),
            None => !self.kind.is_about_orders() || changes_orders(name),
        }
    }
}

/// Whether a request places, changes or cancels orders.
fn changes_orders(name: &str) -> bool {
    let (verb, what) = name.split_once(' ').unwrap_or(("", name));
    let last = what.rsplit('/').next().unwrap_or_default();
    let asks = verb == "GET" || last.ends_with("test") || last.ends_with(".status");
    !asks && what.to_ascii_lowercase().contains("order")
}

impl Faults {
    /// Takes a fault; its number.
    pub(crate) fn add(&mut self, spec: FaultSpec, now: u64) -> Result<u64, FaultError> {
        let (kind, scope) = spec.kind_and_scope()?;
        if self.list.iter().filter(|f| f.state != State::Ended).count() >= FAULTS_MAX {
            let text = format!("the venue has {FAULTS_MAX} faults already; remove some");
            return Err(FaultError { field: "kind", text });
        }
        self.last_id += 1;
        let at_ns = now.saturating_add(Fault::ms(spec.at_ms, 0));
        let id = self.last_id;
        self.list.push(Fault { id, kind, scope, spec, at_ns, state: State::Waiting, begun: 0, hits: 0 });
        self.forget();
        self.advance(now);
        Ok(id)
    }

    fn forget(&mut self) {
        let mut over = self.list.iter().filter(|f| f.state == State::Ended).count().saturating_sub(ENDED_KEPT);
        self.list.retain(|fault| {
            let goes = over > 0 && fault.state == State::Ended;
            over -= usize::from(goes);
            !goes
        });
    }

    /// Ends a fault for good; `false`: there is none of that number, or it is over already.
    pub(crate) fn end(&mut self, id: u64) -> bool {
        let Some(fault) = self.list.iter_mut().find(|f| f.id == id && f.state != State::Ended) else { return false };
        if fault.running() {
            self.edges.push(Edge { id, begins: false });
        }
        fault.state = State::Ended;
        self.look();
        true
    }

    /// One of them.
    pub(crate) fn get(&self, id: u64) -> Option<&Fault> {
        self.list.iter().find(|f| f.id == id)
    }

    /// All of them, the oldest first.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Fault> {
        self.list.iter()
    }

    /// Whether messages have to be asked about.
    pub(crate) const fn busy(&self) -> bool {
        self.busy
    }

    /// What began and ended since the last call.
    pub(crate) fn take_edges(&mut self) -> Vec<Edge> {
        std::mem::take(&mut self.edges)
    }

    /// When [`Self::advance`] is wanted next; the largest number: never.
    pub(crate) fn due_ns(&self) -> u64 {
        let due = |fault: &Fault| match fault.state {
            State::Waiting => fault.at_ns,
            State::Running(Some(until), _) => until,
            _ => u64::MAX,
        };
        self.list.iter().map(due).min().unwrap_or(u64::MAX)
    }

    /// Time passed.
    pub(crate) fn advance(&mut self, now: u64) {
        for index in 0..self.list.len() {
            if matches!(self.list[index].state, State::Running(Some(until), _) if until <= now) {
                self.finish(index, now);
            }
            if self.list[index].state == State::Waiting && self.list[index].at_ns <= now {
                let after = self.list[index].spec.after.unwrap_or(0);
                if after > 0 {
                    self.list[index].state = State::Counting(0);
                } else {
                    self.begin(index, now);
                }
            }
        }
        self.look();
    }

    fn look(&mut self) {
        let asks = |f: &Fault| matches!(f.state, State::Counting(_)) || (f.running() && f.kind.touches_messages());
        self.busy = self.list.iter().any(asks);
        self.holding = self.list.iter().any(|f| f.kind == Kind::Hold && f.running());
    }

    fn begin(&mut self, index: usize, now: u64) {
        let fault = &mut self.list[index];
        let lasts = fault.spec.for_ms.filter(|_| !fault.kind.is_instant());
        let until = lasts.map(|ms| now.saturating_add(ms.saturating_mul(MS)));
        let default = if until.is_some() { None } else { Some(1) };
        let left = if fault.kind.is_counted() { fault.spec.count.or(default) } else { None };
        fault.state = State::Running(until, left);
        fault.begun += 1;
        self.edges.push(Edge { id: fault.id, begins: true });
        if fault.kind.is_instant() {
            fault.hits += 1;
            self.finish(index, now);
        }
    }

    fn finish(&mut self, index: usize, now: u64) {
        let fault = &mut self.list[index];
        if !fault.kind.is_instant() {
            self.edges.push(Edge { id: fault.id, begins: false });
        }
        fault.state = match fault.spec.every_ms.map(|ms| ms.saturating_mul(MS)) {
            None => State::Ended,
            Some(every) => {
                let periods = now.saturating_sub(fault.at_ns) / every + 1;
                fault.at_ns = fault.at_ns.saturating_add(every.saturating_mul(periods));
                State::Waiting
            }
        };
    }

    /// It hit something.
    fn hit(&mut self, index: usize, now: u64) {
        let fault = &mut self.list[index];
        fault.hits += 1;
        if let State::Running(until, Some(left)) = fault.state {
            fault.state = State::Running(until, Some(left - 1));
            if left == 1 {
                self.finish(index, now);
            }
        }
    }

    /// Counts one message or request for those that wait for their number.
    fn count(&mut self, about: impl Fn(&Fault) -> bool, now: u64) {
        for index in 0..self.list.len() {
            let State::Counting(seen) = self.list[index].state else { continue };
            if !about(&self.list[index]) {
                continue;
            }
            if seen >= self.list[index].spec.after.unwrap_or(0) {
                self.begin(index, now);
            } else {
                self.list[index].state = State::Counting(seen + 1);
            }
        }
    }

    /// A message is about to be sent.
    pub(crate) fn message(&mut self, scope: Scope, stream: Option<&str>, now: u64) -> Fate {
        let about = |f: &Fault| f.scope.covers(scope) && f.is_about_stream(stream);
        self.count(about, now);
        let acts = |f: &Fault| f.running() && f.kind.touches_messages() && about(f);
        let Some(index) = self.list.iter().position(acts) else {
            self.look();
            return Fate::Pass;
        };
        let fault = &self.list[index];
        let at = |default| now.saturating_add(Fault::ms(fault.spec.delay_ms, default));
        let fate = match fault.kind {
            Kind::Gap | Kind::Skip => Fate::Lose,
            Kind::Duplicate => Fate::Twice,
            Kind::Reorder => Fate::Behind(at(1_000)),
            Kind::Garbage => Fate::Garbage(fault.layer()),
            Kind::Cut => Fate::Cut,
            _ => Fate::Split(at(0)),
        };
        self.hit(index, now);
        self.look();
        fate
    }

    /// A request came: `POST /api/v3/order`, or a method of the WebSocket API.
    pub(crate) fn request(&mut self, scope: Scope, name: &str, now: u64) -> RequestFate {
        let about = |f: &Fault| f.scope.covers(scope) && f.is_about_request(name);
        self.count(|f| f.spec.stream.is_none() && f.spec.symbol.is_none() && about(f), now);
        let mut fate = RequestFate { runs: true, answer: AnswerFate::Given, by: None };
        let acts = |f: &Fault| f.running() && acts_on_requests(f.kind) && about(f);
        let Some(index) = self.list.iter().position(acts) else {
            self.look();
            return fate;
        };
        let fault = &self.list[index];
        let at = now.saturating_add(Fault::ms(fault.spec.delay_ms, 0));
        fate.by = Some(fault.id);
        fate.runs = match fault.kind {
            Kind::LoseRequest | Kind::RateLimit | Kind::Ban | Kind::Maintenance => false,
            Kind::UnknownOutcome | Kind::HttpError => fault.spec.done.unwrap_or(false),
            _ => true,
        };
        fate.answer = match fault.kind {
            Kind::DelayAnswer => AnswerFate::Late(at),
            Kind::LoseAnswer | Kind::LoseRequest => {
                AnswerFate::Lost { drop: fault.spec.ending.as_deref() == Some("drop") }
            }
            Kind::Garbage => AnswerFate::Garbage(fault.layer()),
            Kind::Cut => AnswerFate::Cut,
            Kind::Split => AnswerFate::Split(at),
            _ => AnswerFate::Instead(refusal(fault)),
        };
        self.hit(index, now);
        self.look();
        fate
    }

    /// A WebSocket handshake of this scope came; what it is refused with.
    pub(crate) fn handshake(&mut self, scope: Scope, now: u64) -> Option<Refusal> {
        let refuses = |k| matches!(k, Kind::HttpError | Kind::RateLimit | Kind::Ban | Kind::Maintenance);
        let acts = |f: &Fault| f.running() && refuses(f.kind) && f.scope.covers(scope) && f.spec.request.is_none();
        let index = self.list.iter().position(acts)?;
        let refusal = refusal(&self.list[index]);
        self.hit(index, now);
        self.look();
        Some(refusal)
    }

    /// A connection came.
    pub(crate) fn door(&mut self, tls: bool, now: u64) -> Door {
        let about = |f: &Fault| f.kind == Kind::SlowAccept || (f.kind == Kind::TlsFailure && tls);
        let Some(index) = self.list.iter().position(|f| f.running() && about(f)) else { return Door::Open };
        let fault = &self.list[index];
        let door = match (fault.kind, fault.spec.mode.as_deref()) {
            (Kind::SlowAccept, _) => Door::Late(now.saturating_add(Fault::ms(fault.spec.delay_ms, 0))),
            (_, Some("certificate")) => Door::Certificate,
            _ => Door::Alert,
        };
        self.hit(index, now);
        door
    }

    /// Whether new connections are refused.
    pub(crate) fn refuses(&self) -> bool {
        self.list.iter().any(|f| f.running() && f.kind == Kind::Refuse)
    }

    /// Whether the market's flow is held at this time.
    pub(crate) fn holds(&self, now: u64) -> bool {
        let lasts = |f: &Fault| f.running() && f.until_ns().is_none_or(|until| now < until);
        self.holding && self.list.iter().any(|f| f.kind == Kind::Hold && lasts(f))
    }

    /// The stalls that a connection of this scope is under: until when the last of them lasts.
    pub(crate) fn stalled_until(&self, scope: Scope) -> Option<u64> {
        let all = self.list.iter().filter(|f| f.running() && f.kind == Kind::Stall && f.scope.covers(scope));
        all.filter(|f| f.spec.symbol.is_none() && f.spec.stream.is_none()).filter_map(Fault::until_ns).max()
    }

    /// How far the venue's clock is ahead.
    pub(crate) fn skew(&self) -> Skew {
        let skews = self.list.iter().filter(|f| f.running() && f.kind == Kind::Skew);
        let skew_ms: i64 = skews.filter_map(|f| f.spec.skew_ms).fold(0, i64::saturating_add);
        Skew(skew_ms.saturating_mul(1_000_000))
    }

    /// Those by which a cancel races with a fill now.
    pub(crate) fn races(&self) -> impl Iterator<Item = &Fault> {
        self.list.iter().filter(|f| f.running() && f.kind == Kind::CancelRace)
    }

    /// One of them hit something that the venue itself found.
    pub(crate) fn hit_by(&mut self, id: u64, now: u64) {
        if let Some(index) = self.list.iter().position(|f| f.id == id) {
            self.hit(index, now);
        }
    }

    /// Edges that wait for their turn.
    pub(crate) fn put_back(&mut self, mut edges: Vec<Edge>) {
        edges.append(&mut self.edges);
        self.edges = edges;
    }
}

const fn acts_on_requests(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::DelayAnswer
            | Kind::LoseAnswer
            | Kind::LoseRequest
            | Kind::UnknownOutcome
            | Kind::HttpError
            | Kind::RateLimit
            | Kind::Ban
            | Kind::Maintenance
            | Kind::Garbage
            | Kind::Cut
            | Kind::Split
    )
}
