//! The thread that serves all venues: sockets and the clock, nothing else. It sleeps until something is due.

mod conn;
mod doors;
pub(crate) mod feed;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, TryRecvError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use rustls::{ServerConfig, ServerConnection};

use self::conn::{Conn, Progress};
use self::doors::{Doors, Greeting};
use self::feed::{Feed, Pace};
use crate::config::AtEnd;
use crate::operator::socket::{CONTROL, Control};
use crate::rules::SECOND_NS;
use crate::stats::SimStats;
use crate::venue::{ConnectionState, VenueMachine};

/// How long clients have to answer a close when everything ends.
const GOODBYE_NS: u64 = 2 * SECOND_NS;
/// Connections accepted on one listener before the others get their turn.
const ACCEPTS: usize = 64;
/// The token of the waker; listeners follow, then connections.
pub(crate) const WAKE: Token = Token(0);

/// What the owner of the venues asks of their thread.
pub(crate) enum Command {
    Stop,
    Stats(Sender<SimStats>),
}

/// A socket that clients come to.
pub(crate) struct Listener {
    /// `None` while the venue refuses connections.
    pub(crate) socket: Option<TcpListener>,
    pub(crate) address: SocketAddr,
    pub(crate) venue: usize,
    pub(crate) tls: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Life {
    Running,
    /// The source ended; every client is closed at this time, if any.
    Ended(Option<u64>),
    /// Everybody is being closed, until this time.
    Closing(u64),
}

/// Wall time that never steps: anchored once, advanced by the monotonic clock.
struct Clock {
    anchor_ns: u64,
    since: Instant,
}

impl Clock {
    fn new() -> Self {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { anchor_ns: u64::try_from(wall.as_nanos()).unwrap_or(0), since: Instant::now() }
    }

    fn now(&self) -> u64 {
        self.anchor_ns.saturating_add(u64::try_from(self.since.elapsed().as_nanos()).unwrap_or(u64::MAX))
    }
}

pub(crate) struct Server {
    poll: Poll,
    clock: Clock,
    tls: Arc<ServerConfig>,
    venues: Vec<VenueMachine>,
    listeners: Vec<Listener>,
    control: Option<Control>,
    doors: Doors,
    conns: Vec<Option<Conn>>,
    free: Vec<usize>,
    /// By venue and connection id: where the connection is in `conns`.
    slots: Vec<Vec<usize>>,
    /// Connections with more to read or write than they had a turn for.
    again: Vec<usize>,
    feed: Feed,
    pace: Pace,
    at_end: AtEnd,
    life: Life,
    commands: Receiver<Command>,
    buffer: Vec<u8>,
}

impl Server {
    #[allow(clippy::too_many_arguments)] // what a server consists of
    pub(crate) fn new(
        poll: Poll,
        tls: Arc<ServerConfig>,
        venues: Vec<VenueMachine>,
        mut listeners: Vec<Listener>,
        mut control: Option<Control>,
        feed: Feed,
        at_end: AtEnd,
        commands: Receiver<Command>,
    ) -> io::Result<Self> {
        for (i, listener) in listeners.iter_mut().enumerate() {
            if let Some(socket) = &mut listener.socket {
                poll.registry().register(socket, Token(WAKE.0 + 1 + i), Interest::READABLE)?;
            }
        }
        if let Some(control) = &mut control {
            control.register(poll.registry())?;
        }
        Ok(Self {
            poll,
            clock: Clock::new(),
            tls,
            slots: vec![Vec::new(); venues.len()],
            venues,
            listeners,
            control,
            doors: Doors::default(),
            conns: Vec::new(),
            free: Vec::new(),
            again: Vec::new(),
            feed,
            pace: Pace::Now,
            at_end,
            life: Life::Running,
            commands,
            buffer: vec![0; 16 * 1024],
        })
    }

    /// Serves until stopped or, where told so, until the source ended.
    pub(crate) fn run(mut self) -> SimStats {
        let mut events = Events::with_capacity(256);
        loop {
            let timeout = self.timeout();
            match self.poll.poll(&mut events, timeout) {
                Ok(()) => {}
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => {
                    tracing::error!("simulated venues: poll failed: {e}");
                    return self.stats();
                }
            }
            let now = self.clock.now();
            for slot in std::mem::take(&mut self.again) {
                self.read(slot, now);
                self.write(slot);
            }
            for event in &events {
                self.take_event(event.token(), event.is_readable() || event.is_read_closed() || event.is_error(), now);
            }
            self.take_commands(now);
            let now = self.clock.now();
            self.admit_late(now);
            self.pump(now);
            for venue in &mut self.venues {
                venue.advance(now);
            }
            self.mind_doors(now);
            if let Some(control) = &mut self.control {
                control.advance(now);
            }
            self.flush();
            if self.is_over(now) {
                return self.stats();
            }
        }
    }

    /// How long may be slept.
    fn timeout(&self) -> Option<Duration> {
        if !self.again.is_empty() {
            return Some(Duration::ZERO);
        }
        let pace = match (self.life, self.pace) {
            (Life::Closing(at), _) => Some(at),
            (Life::Ended(at), _) => at,
            (Life::Running, Pace::Now) => return Some(Duration::ZERO),
            (Life::Running, Pace::At(at)) => Some(at),
            (Life::Running, Pace::Clients | Pace::Ended) => None,
        };
        let others = self.doors.due_ns().into_iter().chain(self.control.as_ref().and_then(Control::due_ns));
        let due = self.venues.iter().filter_map(VenueMachine::next_due).chain(pace).chain(others).min()?;
        // Rounded up by poll to whole milliseconds, so that nothing is looked at before it is due.
        Some(Duration::from_nanos(due.saturating_sub(self.clock.now())))
    }

    fn take_event(&mut self, token: Token, readable: bool, now: u64) {
        if token.0 >= CONTROL.0 {
            if let Some(control) = &mut self.control {
                control.ready(token, self.poll.registry(), &mut self.venues, now);
            }
            return;
        }
        let Some(index) = token.0.checked_sub(WAKE.0 + 1) else { return };
        match index.checked_sub(self.listeners.len()) {
            None => self.accept(index, now),
            Some(slot) => {
                if readable {
                    self.read(slot, now);
                }
                self.write(slot);
            }
        }
    }

    fn accept(&mut self, index: usize, now: u64) {
        for _ in 0..ACCEPTS {
            let Some(listener) = self.listeners.get(index) else { return };
            let (venue, tls) = (listener.venue, listener.tls);
            let Some(socket) = &listener.socket else { return };
            match socket.accept() {
                Ok((stream, _)) => self.meet(stream, venue, tls, now),
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return,
                // One that was gone before it was taken, or no descriptor left: the next one may do.
                Err(e) => tracing::debug!("simulated venues: accept failed: {e}"),
            }
        }
        // A listener tells only once of what it has; registering it again makes it tell of the rest.
        self.relisten(index);
    }

    fn relisten(&mut self, index: usize) {
        if let Some(socket) = self.listeners.get_mut(index).and_then(|l| l.socket.as_mut()) {
            let token = Token(WAKE.0 + 1 + index);
            if let Err(e) = self.poll.registry().reregister(socket, token, Interest::READABLE) {
                tracing::error!("simulated venues: a listener was lost: {e}");
            }
        }
    }

    fn add(&mut self, mut stream: TcpStream, venue: usize, tls: Greeting, now: u64) {
        let Some(machine) = self.venues.get_mut(venue) else { return };
        let Some(id) = machine.open(now) else { return };
        let slot = self.free.pop().unwrap_or_else(|| {
            self.conns.push(None);
            self.conns.len() - 1
        });
        let token = Token(WAKE.0 + 1 + self.listeners.len() + slot);
        let session = match tls.config(&self.tls, &mut self.doors) {
            Some(config) => ServerConnection::new(config).map(Some),
            None => Ok(None),
        };
        let registered = self.poll.registry().register(&mut stream, token, Interest::READABLE | Interest::WRITABLE);
        let (Ok(session), Ok(())) = (session, registered) else {
            machine.gone(id);
            self.free.push(slot);
            return;
        };
        // Small frames must not wait for acknowledgements; a socket that cannot do it works all the same.
        let _ = stream.set_nodelay(true);
        let slots = &mut self.slots[venue];
        if slots.len() <= id.index() {
            slots.resize(id.index() + 1, usize::MAX);
        }
        slots[id.index()] = slot;
        let mut conn = Conn::new(stream, session, venue, id);
        conn.alerts = tls == Greeting::Alert;
        self.conns[slot] = Some(conn);
    }

    fn read(&mut self, slot: usize, now: u64) {
        let Some(conn) = self.conns.get_mut(slot).and_then(Option::as_mut) else { return };
        let Some(venue) = self.venues.get_mut(conn.venue) else { return };
        match conn.read(venue, now, &mut self.buffer) {
            Progress::Ended => self.remove(slot),
            Progress::More => self.again.push(slot),
            Progress::Done | Progress::Blocked => {}
        }
    }

    fn write(&mut self, slot: usize) {
        let Some(conn) = self.conns.get_mut(slot).and_then(Option::as_mut) else { return };
        let Some(venue) = self.venues.get_mut(conn.venue) else { return };
        if venue.state(conn.id) == ConnectionState::Dropped {
            self.remove(slot);
            return;
        }
        match conn.write(venue) {
            Progress::Done if venue.state(conn.id) == ConnectionState::Ending => {
                conn.farewell();
                self.remove(slot);
            }
            Progress::Done if venue.state(conn.id) == ConnectionState::EndingAbruptly => self.remove(slot),
            Progress::Done if venue.state(conn.id) == ConnectionState::HalfClosed => conn.farewell(),
            Progress::Ended => self.remove(slot),
            Progress::More => self.again.push(slot),
            Progress::Done | Progress::Blocked => {}
        }
    }

    fn remove(&mut self, slot: usize) {
        let Some(mut conn) = self.conns.get_mut(slot).and_then(Option::take) else { return };
        // It goes with its descriptor in any case.
        let _ = self.poll.registry().deregister(&mut conn.stream);
        if let Some(venue) = self.venues.get_mut(conn.venue) {
            venue.gone(conn.id);
        }
        self.slots[conn.venue][conn.id.index()] = usize::MAX;
        self.free.push(slot);
    }

    fn flush(&mut self) {
        for venue in 0..self.venues.len() {
            while let Some(id) = self.venues[venue].take_dirty() {
                if let Some(&slot) = self.slots[venue].get(id.index()) {
                    self.write(slot);
                }
            }
        }
    }

    fn take_commands(&mut self, now: u64) {
        loop {
            match self.commands.try_recv() {
                Ok(Command::Stats(reply)) => drop(reply.send(self.stats())),
                Ok(Command::Stop) | Err(TryRecvError::Disconnected) => {
                    if !matches!(self.life, Life::Closing(_)) {
                        for venue in &mut self.venues {
                            venue.announce_shutdown(now);
                        }
                        self.close_all(1001, "Server shutdown", now);
                    }
                    return;
                }
                Err(TryRecvError::Empty) => return,
            }
        }
    }

    fn close_all(&mut self, code: u16, reason: &str, now: u64) {
        self.life = Life::Closing(now.saturating_add(GOODBYE_NS));
        for socket in self.listeners.iter_mut().filter_map(|l| l.socket.as_mut()) {
            let _ = self.poll.registry().deregister(socket);
        }
        for venue in &mut self.venues {
            venue.close_all(code, reason, now);
        }
    }

    fn pump(&mut self, now: u64) {
        match self.life {
            Life::Running => {
                self.pace = self.feed.pump(now, &mut self.venues).unwrap_or_else(|e| {
                    tracing::error!("simulated venues: {e}; what follows in it is not served");
                    Pace::Ended
                });
                if self.pace == Pace::Ended {
                    self.flush();
                }
                if self.pace == Pace::Ended && self.venues.iter().all(|v| v.queue_bytes() == 0) {
                    self.life = Life::Ended(match self.at_end {
                        AtEnd::Stay => None,
                        AtEnd::CloseAfter(wait) => {
                            Some(now.saturating_add(u64::try_from(wait.as_nanos()).unwrap_or(u64::MAX)))
                        }
                    });
                }
            }
            Life::Ended(Some(at)) if now >= at => self.close_all(1000, "", now),
            Life::Ended(_) | Life::Closing(_) => {}
        }
    }

    fn is_over(&self, now: u64) -> bool {
        match self.life {
            Life::Closing(until) => now >= until || self.venues.iter().all(|v| v.connections() == 0),
            Life::Running | Life::Ended(_) => false,
        }
    }

    fn stats(&self) -> SimStats {
        SimStats {
            venues: self.venues.iter().map(VenueMachine::stats).collect(),
            source_ended: self.pace == Pace::Ended,
            lines_unserved: self.feed.unserved(),
        }
    }
}
