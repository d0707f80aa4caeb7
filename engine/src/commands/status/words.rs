//! The status in words, from its JSON. Cold.

use serde_json::Value;

/// All of it, a line a row.
pub fn words(s: &Value) -> String {
    let mut out = head(s);
    let mut table = |name: &str, title: &str, line: fn(&Value) -> String| {
        let rows = s[name].as_array().map_or(&[][..], Vec::as_slice);
        if !rows.is_empty() {
            out += title;
            out.extend(rows.iter().map(line));
        }
    };
    table("feeds", "", feed);
    table("instruments", "prices\n", instrument);
    table("spreads", "spreads: edge after fees in ppm, and the best of the last minute\n", spread);
    table("open_orders", "orders in flight\n", order);
    table("balances", "balances\n", balance);
    table("limits", "limits\n", limit);
    out
}

fn head(s: &Value) -> String {
    let mut out = format!(
        "engine {} (pid {}, generation {}), heartbeat {} s ago\n",
        plain(&s["state"]),
        s["pid"],
        s["generation"],
        s["heartbeat_age_s"]
    );
    if let Some(halt) = s["halt"].as_object() {
        out += &format!("HALTED by {}: {}\n", plain(&halt["code"]), plain(&halt["reason"]));
    }
    let (opportunities, orders, pairs) = (&s["opportunities"], &s["orders"], &s["pairs"]);
    out += &format!(
        "ticks {}; opportunities {} seen, {} taken, {} open; orders {} sent, {} filled, {} denied, {} in flight; \
         pairs {} sent, {} clean, {} closed, {} unhedged\n",
        s["ticks"],
        opportunities["seen"],
        opportunities["taken"],
        opportunities["open"],
        orders["sent"],
        orders["filled"],
        orders["denied"],
        orders["open"],
        pairs["sent"],
        pairs["clean"],
        pairs["closed"],
        pairs["unhedged"]
    );
    out += &format!(
        "net {} {} = realised {} - fees {} + unrealised {}\n",
        plain(&s["net"]),
        plain(&s["currency"]),
        plain(&s["realised"]),
        plain(&s["fees"]),
        plain(&s["unrealised"])
    );
    out
}

fn feed(f: &Value) -> String {
    let mut line = format!(
        "  {} line {}: {}, {} frames, {} trades, {} quotes, {} refused",
        plain(&f["venue"]),
        f["line"],
        if f["connected"] == true { "live" } else { "down" },
        f["frames"],
        f["trades"],
        f["quotes"],
        f["refused"]
    );
    if f["age_ms"].is_u64() {
        line += &format!(", last heard {} ms ago, {} us behind the venue's clock", f["age_ms"], f["lag_us"]);
    }
    line + "\n"
}

fn instrument(i: &Value) -> String {
    let why = match (i["usable"] == true, i["lagging"] == true) {
        (true, _) => "",
        (false, true) => "  (not usable: its line lags)",
        (false, false) => "  (not usable)",
    };
    format!(
        "  {:<10} {:<14} {} x {}  /  {} x {}  last {}  position {}{why}\n",
        plain(&i["venue"]),
        plain(&i["symbol"]),
        plain(&i["bid"]),
        plain(&i["bid_quantity"]),
        plain(&i["ask"]),
        plain(&i["ask_quantity"]),
        plain(&i["last"]),
        plain(&i["position"])
    )
}

fn spread(s: &Value) -> String {
    let edge = |value: &Value| value.as_i64().map_or_else(|| "-".to_owned(), |ppm| ppm.to_string());
    format!(
        "  {:<12} buy {:<10} sell {:<10} {:>8}  best {:>8}  {} seen, {} taken{}\n",
        plain(&s["market"]),
        plain(&s["buy_venue"]),
        plain(&s["sell_venue"]),
        edge(&s["edge_ppm"]),
        edge(&s["best_edge_ppm"]),
        s["seen"],
        s["taken"],
        if s["open"] == true { "  (open)" } else { "" }
    )
}

fn order(o: &Value) -> String {
    format!(
        "  {:<6} {:<10} {:<14} {} {} at {}, {} filled, {}, {}, {} ms old\n",
        o["id"],
        plain(&o["venue"]),
        plain(&o["symbol"]),
        plain(&o["side"]),
        plain(&o["quantity"]),
        plain(&o["price"]),
        plain(&o["filled"]),
        plain(&o["purpose"]),
        plain(&o["status"]),
        o["age_ms"]
    )
}

fn balance(b: &Value) -> String {
    format!(
        "  {:<10} {:<6} {} free, {} locked, {} in all, began with {}\n",
        plain(&b["venue"]),
        plain(&b["asset"]),
        plain(&b["free"]),
        plain(&b["locked"]),
        plain(&b["total"]),
        plain(&b["initial"])
    )
}

fn limit(l: &Value) -> String {
    let Some(limit) = l["limit"].as_str() else {
        return format!("  {:<22} {} {}, no limit\n", plain(&l["name"]), plain(&l["used"]), plain(&l["unit"]));
    };
    let mut line = format!(
        "  {:<22} {} of {limit} {} ({} %), {} left",
        plain(&l["name"]),
        plain(&l["used"]),
        plain(&l["unit"]),
        l["used_percent"],
        plain(&l["headroom"])
    );
    for (count, word) in [(&l["denied"], "denied"), (&l["breaches"], "reached")] {
        if count.as_u64().is_some_and(|n| n > 0) {
            line += &format!(", {count} {word}");
        }
    }
    line + if l["halting"] == true { " (halts)\n" } else { "\n" }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
