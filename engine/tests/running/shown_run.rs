//! A run seen from outside: what its region held at the end is what its report says, and `status` tells the same.

use crate::run as support;

use std::collections::BTreeMap;
use std::path::Path;

use crosstick_ipc::layout::{
    EventKind, FillEvent, OpportunityEvent, OrderRow, OrderStatus, Phase, State, TurnRow, WorstTickRow, amount,
    outcome_name, text,
};
use crosstick_ipc::{Place, Reader};
use crosstick_model::{Amount, InstrumentId};
use serde_json::Value;
use support::{Rig, count, report, sum};

/// What a reader followed from the first moment to the end.
struct Followed {
    reader: Reader,
    opportunities: Vec<OpportunityEvent>,
    orders: Vec<OrderRow>,
    fills: Vec<FillEvent>,
    events: Vec<EventKind>,
    ticks: u64,
}

/// Runs the demo for some seconds with a reader attached that follows everything.
fn run(rig: &Rig, seconds: &str) -> Followed {
    let mut run = rig.start(rig.command(["run", "--duration", seconds, "--seed", "7", "--report", "r.json"]));
    let place = Place::in_dir(Path::new(Place::DEFAULT_DIR), &rig.shm).expect("a name");
    run.until("a region", |_| Reader::open(&place).is_ok());
    let reader = Reader::open(&place).expect("the region");
    let mut follow = (
        reader.opportunities().expect("a ring"),
        reader.orders().expect("a ring"),
        reader.fills().expect("a ring"),
        reader.events().expect("a ring"),
        reader.ticks().expect("a ring"),
    );
    let mut seen = Followed { reader, opportunities: vec![], orders: vec![], fills: vec![], events: vec![], ticks: 0 };
    let mut drain = |seen: &mut Followed| {
        seen.opportunities.extend(follow.0.by_ref());
        seen.orders.extend(follow.1.by_ref());
        seen.fills.extend(follow.2.by_ref());
        seen.events.extend(follow.3.by_ref().filter_map(|e| EventKind::from_number(e.kind)));
        seen.ticks += follow.4.by_ref().count() as u64;
        follow.0.missed() + follow.1.missed() + follow.2.missed() + follow.3.missed()
    };
    while !run.is_over() {
        drain(&mut seen);
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    run.finish().expect(0);
    // The file is gone; who had it mapped still sees its last state.
    assert_eq!(drain(&mut seen), 0, "none of the few was missed");
    // A reader that gets no core for a while may miss ticks; then it says how many.
    seen.ticks += follow.4.missed();
    seen
}

#[test]
fn the_region_agrees_with_the_report() {
    let rig = Rig::new();
    let seen = run(&rig, "6s");
    let r = report(&rig.path("r.json"));
    let engine = seen.reader.engine().expect("a row");
    assert_eq!(
        (engine.state, engine.ticks, seen.ticks),
        (State::Stopped as u32, count(&r["ticks"]), count(&r["ticks"]))
    );

    let o = &r["opportunities"];
    assert_eq!((engine.opportunities_seen, engine.opportunities_taken), (count(&o["seen"]), count(&o["taken"])));
    let ends = seen.opportunities.iter().filter(|o| o.phase == Phase::End as u32);
    let mut outcomes: BTreeMap<&str, u64> = BTreeMap::new();
    ends.for_each(|end| *outcomes.entry(outcome_name(end.outcome).expect("a known one")).or_default() += 1);
    assert!(count(&o["taken"]) > 0);
    assert_eq!(outcomes.remove("taken"), Some(count(&o["taken"])));
    let declined = o["declined"].as_object().expect("reasons");
    assert_eq!(outcomes, declined.iter().map(|(reason, n)| (reason.as_str(), count(n))).collect());
    let spreads = seen.reader.spreads();
    assert_eq!(spreads.iter().map(|s| s.seen).sum::<u64>(), count(&o["seen"]));
    assert_eq!(spreads.iter().map(|s| s.taken).sum::<u64>(), count(&o["taken"]));

    let orders = &r["orders"];
    for (shown, name) in [
        (engine.orders_sent, "sent"),
        (engine.orders_filled, "filled"),
        (engine.orders_partly_filled, "partly_filled"),
        (engine.orders_unfilled, "unfilled"),
        (engine.orders_open, "open"),
        (engine.orders_rejected, "rejected"),
    ] {
        assert_eq!(shown, count(&orders[name]), "{name}");
    }
    let sent = seen.orders.iter().filter(|o| o.status == OrderStatus::Sent as u32).count() as u64;
    assert_eq!((sent, engine.orders_not_shown), (engine.orders_sent, 0));
    assert_eq!(engine.fills, seen.fills.len() as u64);
    let denied: u64 = orders["denied"].as_object().expect("codes").values().map(count).sum();
    assert_eq!(engine.orders_denied, denied);
    assert_eq!(seen.reader.denied().expect("a row").counts.iter().sum::<u64>(), denied);
    let pairs = &r["pairs"];
    assert_eq!((engine.pairs_sent, engine.pairs_clean), (count(&pairs["sent"]), count(&pairs["clean"])));
    assert_eq!((engine.pairs_closed, engine.pairs_unhedged), (count(&pairs["closed"]), count(&pairs["unhedged"])));

    check_money(&seen.reader, &r);
    check_feeds(&seen.reader, &r);
    assert_eq!(seen.events.first(), Some(&EventKind::Started));
    assert_eq!(seen.events.last(), Some(&EventKind::Stopping));
    let live = seen.events.iter().filter(|e| **e == EventKind::LineLive).count();
    assert!(live >= 3, "every line went live: {:?}", seen.events);
}

fn check_money(reader: &Reader, r: &Value) {
    let risk = reader.risk().expect("a row");
    for (shown, name) in
        [(risk.realised, "realised"), (risk.fees, "fees"), (risk.unrealised, "unrealised"), (risk.net, "net")]
    {
        assert_eq!(amount(shown).to_string(), r["pnl"][name], "{name}");
    }
    // As the report has them: by venue and asset, a contract counting as one, flat ones left out.
    let venues: Vec<String> = reader.venues().iter().map(|v| text(&v.name)).collect();
    let mut held: BTreeMap<(String, String), i128> = BTreeMap::new();
    let mut fees = 0;
    for (index, instrument) in reader.instruments().iter().enumerate() {
        let position = reader.position(InstrumentId(index as u16)).expect("a row");
        let asset = if instrument.kind == 0 { text(&instrument.base) } else { text(&instrument.symbol) };
        *held.entry((venues[instrument.venue as usize].clone(), asset)).or_default() +=
            amount(position.exact_quantity).0;
        fees += amount(position.fees).0;
    }
    assert_eq!(Amount(fees), amount(risk.fees));
    let held: Vec<_> = held.into_iter().filter(|(_, n)| *n != 0).map(|(k, n)| (k, Amount(n).to_string())).collect();
    let told = r["positions"].as_array().expect("rows").iter().map(|p| {
        let word = |name: &str| p[name].as_str().expect("text").to_owned();
        ((word("venue"), word("asset")), word("quantity"))
    });
    let mut told: Vec<_> = told.collect();
    told.sort();
    assert_eq!(held, told);
    for b in reader.balances() {
        let (free, locked, total) = (amount(b.free).0, amount(b.locked).0, amount(b.total).0);
        assert_eq!(free + locked, total, "{} on {}", text(&b.asset), venues[b.venue as usize]);
    }
}

fn check_feeds(reader: &Reader, r: &Value) {
    let feeds = reader.feeds();
    assert_eq!(feeds.iter().map(|f| f.trades + f.quotes).sum::<u64>(), count(&r["ticks"]));
    assert_eq!(feeds.iter().map(|f| f.frames).sum::<u64>(), sum(&r["feeds"], "frames"));
    let started_ns = reader.identity().expect("a head").started_ns;
    for feed in &feeds {
        assert!(feed.last_recv_ns > started_ns, "{feed:?}");
        // One machine and one clock.
        assert!(feed.lag_us != 0 && feed.lag_us.abs() < 3_600_000_000, "{feed:?}");
    }
    for (index, row) in r["instruments"].as_array().expect("rows").iter().enumerate() {
        let price = reader.price(InstrumentId(index as u16)).expect("a row");
        assert_eq!((price.trades, price.quotes), (count(&row["trades"]), count(&row["quotes"])), "{row}");
    }
    for stage in reader.latency() {
        let told = &r["latency_ns"][&stage.name]["count"];
        assert_eq!(stage.counted.count(), told.as_u64().unwrap_or(0), "{}", stage.name);
    }
    let worst: Vec<WorstTickRow> = reader.rows("worst_ticks");
    let mut totals: Vec<u64> = worst.iter().map(|row| row.total_ns).filter(|ns| *ns > 0).collect();
    totals.sort_by_key(|ns| std::cmp::Reverse(*ns));
    let told = r["worst_ticks"].as_array().expect("rows").iter().map(|tick| count(&tick["total_ns"]));
    assert_eq!(totals, told.collect::<Vec<_>>());
    let turns: Vec<TurnRow> = reader.rows("turns");
    let threads = r["overlong_turns"]["threads"].as_array().expect("rows");
    assert_eq!(turns.len(), threads.len());
    for (row, told) in turns.iter().zip(threads) {
        let counts = ["work", "preempted", "stalled"].map(|kind| count(&told[kind]["count"]));
        assert_eq!([row.work, row.preempted, row.stalled], counts, "{told}");
    }
}

#[test]
fn status_tells_every_table() {
    let rig = Rig::new();
    let mut run = rig.start(rig.command(["run", "--seed", "7"]));
    let told = |rig: &Rig| -> Option<Value> {
        let done = rig.run(["status", "--json", "--shm", &rig.shm]);
        (done.code == Some(0)).then(|| serde_json::from_str(&done.out).expect("JSON"))
    };
    let traded = |s: &Value| count(&s["orders"]["filled"]) > 0 && count(&s["opportunities"]["taken"]) > 0;
    run.until("fills", |_| told(&rig).as_ref().is_some_and(traded));
    let s = told(&rig).expect("a status");
    assert_eq!((s["state"].as_str(), s["mode"].as_str()), (Some("running"), Some("paper")));
    let rows = |name: &str| s[name].as_array().expect("rows");
    assert_eq!((rows("spreads").len(), rows("limits").len(), rows("instruments").len()), (14, 9, 8));
    let limit = |name: &str| rows("limits").iter().find(|l| l["name"] == name).expect("a limit");
    assert_eq!(
        (limit("max_drawdown")["limit"].as_str(), &limit("max_drawdown")["halting"]),
        (Some("1000"), &true.into())
    );
    assert_eq!(
        (limit("max_open_orders")["unit"].as_str(), limit("price_collar_bps")["limit"].as_str()),
        (Some("orders"), Some("5000"))
    );
    assert!(rows("spreads").iter().any(|s| s["edge_ppm"].is_i64() && s["best_edge_ppm"].is_i64()), "{s:#}");
    let alpha = rows("balances").iter().find(|b| b["venue"] == "alpha" && b["asset"] == "USDT").expect("a balance");
    assert_eq!(alpha["initial"], "20000");
    for order in rows("open_orders") {
        assert!(["sent", "accepted", "partly_filled"].contains(&order["status"].as_str().expect("a word")), "{order}");
    }

    let words = rig.run(["status", "--shm", &rig.shm]).expect(0).out;
    for part in [
        "engine running (pid",
        "limits\n",
        "max_gross_notional",
        "balances\n",
        "began with 20000",
        "BTC-USDT",
        " = realised ",
    ] {
        assert!(words.contains(part), "{part:?} is not in:\n{words}");
    }
    run.signal("INT");
    run.finish().expect(0);
}
