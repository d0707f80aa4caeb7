//! Bare TCP: what a frame and an answer take that nobody looks at.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use crosstick_benches::turns::Clock;

use crate::rounds::{Client, Seen, Work, pause};
use crate::{FRAMES, stages::Span};

/// How many bytes go each way, on which sockets.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// Both ways on one.
    OneSocket { down: usize, up: usize },
    /// A socket each way, as with a venue's streams and its order entry.
    TwoSockets { down: usize, up: usize },
}

/// Venue and client.
pub struct Bare {
    down: TcpStream,
    up: TcpStream,
    sizes: (usize, usize),
    clock: Clock,
    held: Arc<Mutex<Vec<Span>>>,
    /// How long the client looks at a frame before it answers, ticks.
    late: Arc<AtomicU64>,
    client: Client,
}

struct Echo {
    down: TcpStream,
    up: TcpStream,
    sizes: (usize, usize),
    buffer: Vec<u8>,
    got: usize,
    clock: Clock,
    late: Arc<AtomicU64>,
    /// From the read's return to the write's call.
    spans: Vec<Span>,
    held: Arc<Mutex<Vec<Span>>>,
}

impl Work for Echo {
    fn begin(&mut self) {
        self.spans.clear();
    }

    fn turn(&mut self) {
        match self.down.read(&mut self.buffer) {
            Ok(count) => {
                let read = self.clock.ticks();
                self.got += count;
                if self.got >= self.sizes.0 {
                    self.got -= self.sizes.0;
                    let due = read + self.late.load(Ordering::Relaxed);
                    let mut write = self.clock.ticks();
                    while write < due {
                        write = self.clock.ticks();
                    }
                    self.up.write_all(&self.buffer[..self.sizes.1]).expect("the venue is there");
                    self.spans.push(Span { read, write });
                }
            }
            Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock, "the venue is there"),
        }
    }

    fn end(&mut self) {
        self.held.lock().expect("nobody panicked").clone_from(&self.spans);
    }
}

fn connected() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let near = TcpStream::connect(listener.local_addr().expect("an address")).expect("a connection");
    let (far, _) = listener.accept().expect("a connection");
    for end in [&near, &far] {
        end.set_nodelay(true).expect("an option");
        end.set_nonblocking(true).expect("an option");
    }
    (near, far)
}

impl Bare {
    pub fn new(kind: Kind) -> Self {
        let (venue, theirs) = connected();
        let copy = |stream: &TcpStream| stream.try_clone().expect("a handle");
        let ((down, up), (their_down, their_up), sizes) = match kind {
            Kind::OneSocket { down, up } => ((copy(&venue), venue), (copy(&theirs), theirs), (down, up)),
            Kind::TwoSockets { down, up } => {
                let (orders, their_orders) = connected();
                ((venue, orders), (theirs, their_orders), (down, up))
            }
        };
        let held = Arc::new(Mutex::new(Vec::new()));
        let spans = Arc::clone(&held);
        let late = Arc::new(AtomicU64::new(0));
        let their_late = Arc::clone(&late);
        let client = Client::start(1, move || {
            Box::new(Echo {
                down: their_down,
                up: their_up,
                sizes,
                buffer: vec![0; 4096],
                got: 0,
                clock: Clock::new(),
                late: their_late,
                spans: Vec::with_capacity(FRAMES),
                held: spans,
            })
        });
        Self { down, up, sizes, clock: Clock::new(), held, late, client }
    }

    /// From now on an answer comes so long after its frame was read.
    pub fn answer_after(&self, ns: f64) {
        let ticks_a_ns = f64::from(1 << 30) / self.clock.ns(1 << 30);
        self.late.store((ns * ticks_a_ns) as u64, Ordering::Relaxed);
    }

    /// One turn.
    pub fn turn(&mut self) -> Seen {
        let (frame, mut buffer) = (vec![7; self.sizes.0], vec![0; 4096]);
        let mut rounds = Vec::with_capacity(FRAMES);
        self.client.wake();
        for _ in 0..FRAMES {
            pause(&self.clock);
            let written = self.clock.ticks();
            self.down.write_all(&frame).expect("the client is there");
            let (mut got, mut answered) = (0, 0);
            while got < self.sizes.1 {
                if let Ok(count) = self.up.read(&mut buffer) {
                    if got == 0 {
                        answered = self.clock.ticks();
                    }
                    got += count;
                }
            }
            assert_eq!(got, self.sizes.1, "one answer a frame");
            rounds.push((written, answered));
        }
        self.client.rest();
        Seen::new(rounds, &self.clock)
    }

    /// The client's stamps of the last turn, a frame each.
    pub fn spans(&self) -> Vec<Span> {
        self.held.lock().expect("nobody panicked").clone()
    }
}
