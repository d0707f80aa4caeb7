//! The kernel's receive time: bytes that lie unread in the socket show in the stage before the read, and in no other.

mod support;

use std::cell::Cell;
use std::rc::Rc;
use std::sync::mpsc::{Receiver, Sender, channel, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use crosstick_feeds::{Batch, Clock, LineSpec, Observer, Reader, RingSink, SocketOptions, TickSink};
use crosstick_model::Tick;
use crosstick_ring::spsc::ring;
use support::{Ca, PATIENCE, Session, SystemClock, Venue, plain, spot, trade};

/// What the bytes lie in the kernel at least.
const LAIN: Duration = Duration::from_millis(20);
/// What each push takes by the stopped clock.
const PUSH_NS: u64 = 7_000;

/// A clock that stands still until it is moved.
#[derive(Clone, Default)]
struct Stopped(Rc<Cell<u64>>);

impl Clock for Stopped {
    fn now_ns(&self) -> u64 {
        self.0.get()
    }
}

/// A sink that takes its time, by the stopped clock.
struct SlowSink(RingSink, Stopped);

impl TickSink for SlowSink {
    fn push(&mut self, tick: Tick) -> Result<(), Tick> {
        self.1.0.set(self.1.0.get() + PUSH_NS);
        self.0.push(tick)
    }
}

#[derive(Default)]
struct Seen(Vec<Batch>);

impl Observer for Seen {
    fn batch(&mut self, batch: &Batch) {
        self.0.push(*batch);
    }
}

/// A venue that sends a trade each time it is told to, and says when it has.
fn on_demand(tls: Option<Arc<rustls::ServerConfig>>) -> (Venue, Sender<()>, Receiver<()>) {
    let (send, told) = channel::<()>();
    let (say, sent) = channel();
    let ends = Mutex::new(Some((told, say)));
    let venue = Venue::start(tls, move |_, wire| {
        let Some((told, say)) = ends.lock().unwrap().take() else { return };
        let Some(mut session) = Session::accept(wire) else { return };
        for (id, ()) in (1..).zip(told.iter()) {
            if session.text(&trade("BTCUSDT", id)).is_none() || say.send(()).is_err() {
                return;
            }
        }
    });
    (venue, send, sent)
}

/// Bytes lie in the kernel for a while; what the observer was told of that read.
fn lie(mut line: LineSpec, kernel_time: bool, send: &Sender<()>, sent: &Receiver<()>) -> Batch {
    line.options = SocketOptions { kernel_time, ..line.options };
    let clock = Stopped::default();
    let (producer, mut consumer) = ring(64);
    let (tell, _events) = sync_channel(100);
    let sink = SlowSink(RingSink::new(producer, None), clock.clone());
    let (mut reader, stats) = Reader::new(vec![line], 8, sink, clock.clone(), Seen::default(), tell).unwrap();
    let end = Instant::now() + PATIENCE;
    while !reader.is_live() {
        assert!(Instant::now() < end, "it goes live");
        clock.0.set(SystemClock.now_ns());
        if reader.turn() == 0 {
            std::thread::sleep(Duration::from_micros(200));
        }
        while consumer.pop().is_some() {}
    }
    // Kernels begin to stamp a moment after the first socket asked for it.
    let mut told = None;
    while told.is_none() {
        assert!(Instant::now() < end, "this kernel tells no receive times");
        send.send(()).unwrap();
        sent.recv_timeout(PATIENCE).unwrap();
        // Over loopback, what was sent is received.
        let received = SystemTime::now();
        while received.elapsed().unwrap_or_default() < LAIN {
            std::thread::sleep(LAIN);
        }
        let before = reader.observer().0.len();
        while reader.observer().0.len() == before {
            assert!(Instant::now() < end, "it is read");
            clock.0.set(SystemClock.now_ns());
            reader.turn();
        }
        while consumer.pop().is_some() {}
        told = reader.observer().0.last().copied().filter(|batch| !kernel_time || batch.kernel_ns != 0);
    }
    reader.publish();
    assert_eq!(stats[0].read().kernel_time_refused, 0);
    told.unwrap()
}

#[test]
fn bytes_that_lie_unread_show_before_the_read() {
    let (venue, send, sent) = on_demand(None);
    let batch = lie(plain(&venue.url()), true, &send, &sent);
    let lain = batch.read_ns - batch.kernel_ns;
    assert!(lain >= LAIN.as_nanos() as u64, "{lain} ns from the kernel to the read");
    // By the stopped clock, decoding takes what the sink takes: the delay is in the one stage.
    assert_eq!(batch.pushed_ns - batch.read_ns, PUSH_NS);
    drop(send);
}

#[test]
fn also_under_tls() {
    let ca = Ca::new();
    let (venue, send, sent) = on_demand(Some(ca.loopback()));
    let batch = lie(spot(&venue.url(), ca.client()), true, &send, &sent);
    assert!(batch.read_ns - batch.kernel_ns >= LAIN.as_nanos() as u64, "{batch:?}");
    drop(send);
}

#[test]
fn who_does_not_ask_is_not_told() {
    let (venue, send, sent) = on_demand(None);
    assert_eq!(lie(plain(&venue.url()), false, &send, &sent).kernel_ns, 0);
    drop(send);
}
