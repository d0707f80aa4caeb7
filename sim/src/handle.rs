//! Starting simulated venues and holding on to them.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{SystemTime, UNIX_EPOCH};

use crosstick_model::Protocol;
use mio::{Poll, Waker};

use crate::account::SimAccount;
use crate::api::Limits;
use crate::config::{AtEnd, Endpoint, ReplaySpec, SimConfig, Source, Speed};
use crate::error::SimError;
use crate::fault::FaultSpec;
use crate::flow::Flow;
use crate::instrument::SimInstrument;
use crate::keys::{self, AccountKeys};
use crate::operator::socket::Control;
use crate::recorded::{Scan, scan};
use crate::rules::Rules;
use crate::server::feed::{Feed, FlowFeed, ReplayFeed};
use crate::server::{Command, Listener, Server, WAKE};
use crate::stats::SimStats;
use crate::tls;
use crate::venue::VenueMachine;

/// Simulated venues.
#[derive(Debug)]
pub struct Sim;

/// Where a simulated venue is found. URLs have no path and no slash at their end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VenueAddress {
    /// Its name.
    pub name: String,
    /// What it speaks.
    pub protocol: Protocol,
    /// Base of its streams: `wss://127.0.0.1:PORT`, or `ws://` where TLS was not asked for.
    pub stream_url: String,
    /// Its WebSocket API: `wss://127.0.0.1:PORT/ws-api/v3`, or `ws://`; spot alone has one.
    pub api_url: Option<String>,
    /// Base of its REST API: `https://127.0.0.1:PORT`, or `http://`.
    pub rest_url: String,
    /// Base of its streams without TLS, where asked for.
    pub plain_stream_url: Option<String>,
    /// Its instruments, as its exchangeInfo states them.
    pub instruments: Vec<SimInstrument>,
    /// Its streams.
    pub streams: Vec<String>,
}

/// Running venues. Dropping it stops them in order.
#[derive(Debug)]
pub struct SimHandle {
    venues: Vec<VenueAddress>,
    keys: Vec<AccountKeys>,
    ca_pem: String,
    control_url: Option<String>,
    commands: Sender<Command>,
    waker: Arc<Waker>,
    last: Arc<Mutex<SimStats>>,
    thread: Option<JoinHandle<()>>,
}

/// A venue before it runs.
struct Plan {
    name: String,
    protocol: Protocol,
    instruments: Vec<SimInstrument>,
    streams: Vec<String>,
}

impl Sim {
    /// Starts venues on a thread of their own, named `sim`; their ports are open when this returns. Recordings are
    /// read once before.
    ///
    /// # Errors
    /// See [`SimError`]; nothing is left running then.
    pub fn start(config: SimConfig) -> Result<SimHandle, SimError> {
        let SimConfig { source, endpoints, ca_pem_path, queue_bytes_max, mut accounts, keys_dir, faults, control } =
            config;
        let (plans, feed, at_end) = prepare(source)?;
        if let Some(lost) =
            accounts.iter().find(|a| a.venue.as_ref().is_some_and(|v| !plans.iter().any(|p| p.name == *v)))
        {
            return Err(SimError::Config(format!("account {}: its venue is no venue here", lost.name)));
        }
        let keys = keys::ready(&mut accounts, keys_dir.as_deref())?;
        if plans.is_empty() {
            return Err(SimError::Config("no venue to simulate".to_owned()));
        }
        if let Some(stranger) = endpoints.iter().find(|e| !plans.iter().any(|p| p.name == e.venue)) {
            return Err(SimError::Config(format!(
                "an address is given for {}, which is no venue here",
                stranger.venue
            )));
        }
        let identity = tls::identity()?;
        if let Some(path) = &ca_pem_path {
            let written = std::fs::write(path, &identity.ca_pem);
            written.map_err(|source| SimError::File { path: path.clone(), source })?;
        }
        let (mut machines, mut listeners, mut venues) = (Vec::new(), Vec::new(), Vec::new());
        for plan in plans {
            let rules = Rules { queue_bytes_max: queue_bytes_max.max(64 * 1024), ..Rules::of(plan.protocol) };
            let (address, sockets) = listen(&plan, &endpoints, machines.len())?;
            listeners.extend(sockets);
            venues.push(address);
            let on_it = |a: &&SimAccount| a.venue.as_ref().is_none_or(|v| *v == plan.name);
            let accounts: Vec<SimAccount> = accounts.iter().filter(on_it).cloned().collect();
            let machine = VenueMachine::new(&plan.name, plan.protocol, rules, plan.instruments, plan.streams);
            machines.push(machine.with_accounts(&accounts, &Limits::of(plan.protocol)));
        }
        schedule(faults, &mut machines)?;
        let control = control.map(open_control).transpose()?;
        let control_url = control.as_ref().map(|(_, address)| format!("http://{address}"));
        let control = control.map(|(control, _)| control);
        let feed = feed.start(&machines)?;
        let poll = Poll::new().map_err(SimError::Thread)?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKE).map_err(SimError::Thread)?);
        let (commands, inbox) = channel();
        let server = Server::new(poll, identity.server, machines, listeners, control, feed, at_end, inbox);
        let server = server.map_err(SimError::Thread)?;
        let last = Arc::new(Mutex::new(SimStats::default()));
        let final_stats = Arc::clone(&last);
        let run = move || {
            let stats = server.run();
            *final_stats.lock().unwrap_or_else(PoisonError::into_inner) = stats;
        };
        let thread = std::thread::Builder::new().name("sim".to_owned()).spawn(run).map_err(SimError::Thread)?;
        let ca_pem = identity.ca_pem;
        Ok(SimHandle { venues, keys, ca_pem, control_url, commands, waker, last, thread: Some(thread) })
    }
}

impl SimHandle {
    /// Where the venues are, in the order in which they were configured.
    #[must_use]
    pub fn venues(&self) -> &[VenueAddress] {
        &self.venues
    }

    /// The venue of that name.
    #[must_use]
    pub fn venue(&self, name: &str) -> Option<&VenueAddress> {
        self.venues.iter().find(|v| v.name == name)
    }

    /// The keys that were made, one set an account.
    #[must_use]
    pub fn keys(&self) -> &[AccountKeys] {
        &self.keys
    }

    /// The certificate authority that clients must trust, in PEM.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// Base of the control API, `http://127.0.0.1:PORT`, where one was asked for.
    #[must_use]
    pub fn control_url(&self) -> Option<&str> {
        self.control_url.as_deref()
    }

    /// What the venues did so far. Any thread; waits for theirs to answer.
    #[must_use]
    pub fn stats(&self) -> SimStats {
        let (reply, answer) = channel();
        if self.commands.send(Command::Stats(reply)).is_ok()
            && self.waker.wake().is_ok()
            && let Ok(stats) = answer.recv()
        {
            return stats;
        }
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether the venues ended by themselves.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Ends the venues in order: every client gets `serverShutdown` and a close, and up to two seconds to answer.
    #[must_use]
    pub fn stop(mut self) -> SimStats {
        self.end();
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until the venues end by themselves (see [`AtEnd::CloseAfter`]); for ever where they do not.
    #[must_use]
    pub fn join(mut self) -> SimStats {
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was reported where it happened.
            let _ = thread.join();
        }
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn end(&mut self) {
        let Some(thread) = self.thread.take() else { return };
        // Both fail only when the thread is gone already.
        let _ = self.commands.send(Command::Stop);
        let _ = self.waker.wake();
        let _ = thread.join();
    }
}

impl Drop for SimHandle {
    fn drop(&mut self) {
        self.end();
    }
}

/// Gives the venues their faults.
fn schedule(faults: Vec<FaultSpec>, machines: &mut [VenueMachine]) -> Result<(), SimError> {
    let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = u64::try_from(wall.as_nanos()).unwrap_or(0);
    for spec in faults {
        let (venue, kind) = (spec.venue.clone(), spec.kind.clone());
        let machine = machines.iter_mut().find(|m| m.name() == venue);
        let machine = machine.ok_or_else(|| SimError::Config(format!("fault {kind}: {venue:?} is no venue here")))?;
        let added = machine.add_fault(spec, now);
        added.map_err(|e| SimError::Config(format!("fault {kind} on {venue}: {e}")))?;
    }
    Ok(())
}

fn open_control(address: SocketAddr) -> Result<(Control, SocketAddr), SimError> {
    let venue = "control API".to_owned();
    if !address.ip().is_loopback() {
        return Err(SimError::NotLoopback { venue, address });
    }
    Control::listen(address).map_err(|source| SimError::Listen { venue, address, source })
}

/// A feed whose venues do not exist yet.
enum Unstarted {
    Flow(Box<Flow>),
    Replay { spec: ReplaySpec, venues: Vec<usize>, scans: Vec<Scan> },
}

impl Unstarted {
    fn start(self, machines: &[VenueMachine]) -> Result<Feed, SimError> {
        match self {
            Self::Flow(flow) => Ok(Feed::Flow(FlowFeed::new(*flow))),
            Self::Replay { spec, venues, scans } => ReplayFeed::new(&spec, venues, &scans, machines).map(Feed::Replay),
        }
    }
}

fn prepare(source: Source) -> Result<(Vec<Plan>, Unstarted, AtEnd), SimError> {
    match source {
        Source::Generated { seed, spec } => {
            let flow = Flow::new(seed, &spec)?;
            let plan = |(i, venue): (usize, &crate::flow::FlowVenue)| Plan {
                name: venue.name.clone(),
                protocol: venue.protocol,
                instruments: spec.instruments(i),
                // MEXC's are made when somebody asks for them.
                streams: if venue.protocol == Protocol::MexcSpot { Vec::new() } else { flow.streams(i) },
            };
            let plans = spec.venues.iter().enumerate().map(plan).collect();
            Ok((plans, Unstarted::Flow(Box::new(flow)), AtEnd::Stay))
        }
        Source::Recorded(spec) => prepare_replay(spec),
    }
}

fn prepare_replay(spec: ReplaySpec) -> Result<(Vec<Plan>, Unstarted, AtEnd), SimError> {
    if let Speed::Times(times) = spec.speed
        && !(times.is_finite() && times > 0.0)
    {
        return Err(SimError::Config(format!("speed {times} is not above zero")));
    }
    let (mut plans, mut venues, mut scans): (Vec<Plan>, Vec<usize>, Vec<Scan>) = (Vec::new(), Vec::new(), Vec::new());
    for file in &spec.files {
        let scan = scan(&file.path)?;
        let index = match &file.venue {
            Some(name) => plans.iter().position(|p| p.name == *name),
            None => None,
        };
        let index = index.unwrap_or_else(|| {
            let name = file.venue.clone().unwrap_or_else(|| free_name(&plans, file));
            plans.push(Plan { name, protocol: scan.protocol, instruments: Vec::new(), streams: Vec::new() });
            plans.len() - 1
        });
        let plan = &mut plans[index];
        if plan.protocol != scan.protocol {
            return Err(SimError::Config(format!(
                "venue {}: {} is of {}, the files before it are of {}",
                plan.name,
                file.path.display(),
                scan.protocol,
                plan.protocol
            )));
        }
        merge_plan(plan, &scan);
        venues.push(index);
        scans.push(scan);
    }
    let at_end = spec.at_end;
    Ok((plans, Unstarted::Replay { spec, venues, scans }, at_end))
}

/// A name for a file that is a venue of its own: the file's, up to its first point, with a number where it is taken.
fn free_name(plans: &[Plan], file: &crate::config::ReplayFile) -> String {
    let name = file.path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let stem = name.split('.').next().filter(|s| !s.is_empty()).unwrap_or("recording").to_owned();
    let taken = |name: &str| plans.iter().any(|p| p.name == name);
    if !taken(&stem) {
        return stem;
    }
    (2..).map(|n| format!("{stem}-{n}")).find(|n| !taken(n)).unwrap_or(stem)
}

/// Adds a recording's streams and instruments; where two recordings show different steps, the finer ones hold.
fn merge_plan(plan: &mut Plan, scan: &Scan) {
    let known: BTreeMap<&str, ()> = plan.streams.iter().map(|s| (s.as_str(), ())).collect();
    let fresh: Vec<String> = scan.streams.keys().filter(|s| !known.contains_key(s.as_str())).cloned().collect();
    plan.streams.extend(fresh);
    for instrument in &scan.instruments {
        match plan.instruments.iter_mut().find(|i| i.symbol == instrument.symbol) {
            None => plan.instruments.push(instrument.clone()),
            Some(have) => {
                if instrument.price_step.decimals() > have.price_step.decimals() {
                    have.price_step = instrument.price_step;
                }
                if instrument.quantity_step.decimals() > have.quantity_step.decimals() {
                    have.quantity_step = instrument.quantity_step;
                    have.min_quantity = instrument.min_quantity;
                }
            }
        }
    }
}

fn listen(plan: &Plan, endpoints: &[Endpoint], venue: usize) -> Result<(VenueAddress, Vec<Listener>), SimError> {
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let (tls, plain) = endpoints.iter().find(|e| e.venue == plan.name).map_or((Some(any), None), |e| (e.tls, e.plain));
    let mut listeners = Vec::new();
    let mut bind = |address: Option<SocketAddr>, tls: bool| -> Result<Option<SocketAddr>, SimError> {
        let Some(address) = address else { return Ok(None) };
        if !address.ip().is_loopback() {
            return Err(SimError::NotLoopback { venue: plan.name.clone(), address });
        }
        let failed = |source: io::Error| SimError::Listen { venue: plan.name.clone(), address, source };
        let socket = TcpListener::bind(address).map_err(failed)?;
        socket.set_nonblocking(true).map_err(failed)?;
        let bound = socket.local_addr().map_err(failed)?;
        let socket = Some(mio::net::TcpListener::from_std(socket));
        listeners.push(Listener { socket, address: bound, venue, tls });
        Ok(Some(bound))
    };
    let (tls, plain) = (bind(tls, true)?, bind(plain, false)?);
    let plain_stream_url = plain.map(|a| format!("ws://{a}"));
    let (stream_url, rest_url) = match (tls, plain) {
        (Some(a), _) => (format!("wss://{a}"), format!("https://{a}")),
        (None, Some(a)) => (format!("ws://{a}"), format!("http://{a}")),
        (None, None) => {
            return Err(SimError::Config(format!("venue {}: neither a TLS nor a plain address", plan.name)));
        }
    };
    let api_url = (plan.protocol == Protocol::BinanceSpot).then(|| format!("{stream_url}/ws-api/v3"));
    let address = VenueAddress {
        name: plan.name.clone(),
        protocol: plan.protocol,
        stream_url,
        api_url,
        rest_url,
        plain_stream_url,
        instruments: plan.instruments.clone(),
        streams: plan.streams.clone(),
    };
    Ok((address, listeners))
}
