//! Files of rows, of data.binance.vision and of anybody who names the columns: what is read is what a Python script of
//! its own reads, to the last digit; what is refused is counted by reason; what is not understood says so.

use crate::support;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crosstick_engine::data::{Data, Source};
use crosstick_model::{Tick, TickKind};
use serde_json::Value;
use support::{good, script};
use tempfile::TempDir;

/// What the script says of each file.
fn counted(files: &[PathBuf]) -> Vec<Value> {
    serde_json::from_str(&good(script("rows.py").args(files))).unwrap()
}

fn ticks(source: &str) -> (Vec<Tick>, Data) {
    let mut data = Data::discover(&[Source::parse(source)]).unwrap_or_else(|e| panic!("{source}: {e}"));
    let mut ticks = Vec::new();
    while let Some(tick) = data.next_tick().unwrap_or_else(|e| panic!("{source}: {e}")) {
        ticks.push(tick);
    }
    (ticks, data)
}

/// An exact decimal text of an integer at 10^-`decimals`.
fn text(value: i128, decimals: u32) -> String {
    crosstick_model::Decimal::new(value, decimals as u8).to_string()
}

/// Reads `source` and compares it with the script's count; returns how many rows there were.
fn compare(source: &str, count: &Value) -> u64 {
    let (ticks, data) = ticks(source);
    let of = |kind| ticks.iter().filter(move |t| t.kind == kind);
    let trades: Vec<&Tick> = of(TickKind::Trade).collect();
    let quantity: i128 = trades.iter().map(|t| i128::from(t.values[1])).sum();
    let notional: i128 = trades.iter().map(|t| i128::from(t.values[0]) * i128::from(t.values[1])).sum();
    let book: i128 = of(TickKind::Quote).flat_map(|t| t.values).map(i128::from).sum();
    let sold = trades.iter().filter(|t| t.flags.has(crosstick_model::TickFlags::TAKER_SOLD)).count();
    let said = |field: &str| count[field].as_u64().unwrap();
    assert_eq!(trades.len() as u64, said("trades"), "{source}");
    assert_eq!(of(TickKind::Quote).count() as u64, said("quotes"), "{source}");
    assert_eq!(sold as u64, said("sold"), "{source}");
    assert_eq!(text(quantity, 8), count["quantity"], "{source}");
    assert_eq!(text(notional, 16), count["notional"], "{source}");
    assert_eq!(text(book, 8), count["book"], "{source}");
    assert_eq!(data.span_ns(), Some((said("first_ns"), said("last_ns"))), "{source}");
    let feed = &data.feeds()[0];
    assert!(feed.refused.is_empty(), "{source}: {:?}", feed.refused);
    assert_eq!(feed.frames, said("trades") + said("quotes"), "{source}");
    let progress = data.progress();
    assert_eq!(progress.read_bytes, progress.total_bytes, "{source}");
    feed.frames
}

/// Made rows in the layouts of data.binance.vision.
fn made(folder: &Path) -> Vec<PathBuf> {
    let row = |kind: usize, i: u64| {
        let (price, cents, size) = (60_000 + i % 97, i % 100, 1 + i % 13);
        let (id, ms, maker) = (9_000 + i, 1_770_076_800_000 + i * 7, i.is_multiple_of(3));
        let python = if maker { "True" } else { "False" };
        match kind {
            0 => format!("{id},{price}.{cents:02}000000,0.{size:05}000,1.5,{ms}{:03},{python},True", i % 1000),
            1 | 2 => format!("{id},{price}.{cents:02},{size},0.1,{ms},{maker}"),
            3 => format!("{id},{price}.{cents:02}000000,0.{size:05}000,{i},{i},{ms}{:03},{python},True", i % 1000),
            4 => format!("{id},{price}.{cents:02},{size}.5,{i},{i},{ms},{maker}"),
            _ => format!("{id},{price}.10,{size},{price}.20,{size}.25,{ms},{}", ms + 3),
        }
    };
    let files = [
        ("BTCUSDT-trades-2026-02-03.csv", ""),
        ("ETHUSDT-trades-2024-01-01.csv", "id,price,qty,quote_qty,time,is_buyer_maker\n"),
        ("BTCUSD_PERP-trades-2024-01-01.csv", "id,price,qty,base_qty,time,is_buyer_maker\r\n"),
        ("BTCUSDT-aggTrades-2026-02.csv", ""),
        (
            "ETHUSDT-aggTrades-2024-01.csv",
            "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker\n",
        ),
        (
            "BTCUSDT-bookTicker-2023-07-15.csv",
            "\u{feff}update_id,best_bid_price,best_bid_qty,best_ask_price,best_ask_qty,transaction_time,event_time\n",
        ),
        ("LTCUSDT-bookTicker-2023-07-15.csv", ""),
    ];
    let write = |(kind, (name, head)): (usize, &(&str, &str))| {
        let path = folder.join(name);
        let end = if head.ends_with("\r\n") { "\r\n" } else { "\n" };
        let body: String = (0..500).map(|i| row(kind, i) + end).collect();
        fs::write(&path, format!("{head}{body}")).unwrap();
        path
    };
    files.iter().enumerate().map(write).collect()
}

#[test]
fn public_layouts_plain_compressed_and_zipped() {
    let folder = TempDir::new().unwrap();
    let files = made(folder.path());
    // The mark in front of one header is our reader's business; Python is given the file without it.
    let plain: Vec<PathBuf> =
        files.iter().map(|file| folder.path().join("plain").join(file.file_name().unwrap())).collect();
    fs::create_dir(folder.path().join("plain")).unwrap();
    for (file, plain) in files.iter().zip(&plain) {
        fs::write(plain, fs::read_to_string(file).unwrap().trim_start_matches('\u{feff}')).unwrap();
    }
    for (file, count) in files.iter().zip(counted(&plain)) {
        assert_eq!(compare(&file.display().to_string(), &count), 500);
        let text = fs::read(file).unwrap();
        let packed = file.with_extension("csv.zst");
        fs::write(&packed, zstd::encode_all(text.as_slice(), 3).unwrap()).unwrap();
        compare(&packed.display().to_string(), &count);
    }
    // One archive of one member, one of two days.
    let zip = folder.path().join("BTCUSDT-trades.zip");
    let second = folder.path().join("BTCUSDT-trades-2026-02-04.csv");
    let later = fs::read_to_string(&files[0]).unwrap().replace(",17700768", ",17701632");
    fs::write(&second, later).unwrap();
    for members in [&[&files[0]][..], &[&second, &files[0]]] {
        good(script("rows.py").arg("--zip").arg(&zip).args(members));
        let count = &counted(std::slice::from_ref(&zip))[0];
        assert_eq!(compare(&zip.display().to_string(), count), 500 * members.len() as u64);
        let (ticks, data) = ticks(&zip.display().to_string());
        assert!(ticks.is_sorted_by_key(|t| t.recv_ns), "members are merged by time");
        assert_eq!(data.discovered().len(), 1, "one instrument");
        fs::remove_file(&zip).unwrap();
    }
}

#[test]
fn a_damaged_archive_is_an_error_and_no_end() {
    let folder = TempDir::new().unwrap();
    let files = made(folder.path());
    let zip = folder.path().join("x.zip");
    good(script("rows.py").arg("--zip").arg(&zip).arg(&files[0]));
    let whole = fs::read(&zip).unwrap();
    let read_all = || -> Result<u64, String> {
        let mut data = Data::discover(&[Source::parse(&zip.display().to_string())]).map_err(|e| e.to_string())?;
        let mut count = 0;
        while data.next_tick().map_err(|e| e.to_string())?.is_some() {
            count += 1;
        }
        Ok(count)
    };
    assert_eq!(read_all(), Ok(500));
    // Anywhere in the member's data, and cut short.
    for at in [200, whole.len() / 2] {
        let mut broken = whole.clone();
        broken[at] ^= 0x40;
        fs::write(&zip, broken).unwrap();
        let error = read_all().expect_err("damage");
        assert!(error.contains("x.zip"), "{error}");
    }
    fs::write(&zip, &whole[..whole.len() / 2]).unwrap();
    assert!(read_all().expect_err("no directory").contains("x.zip"));
}

/// Every bad row is counted by its reason, and the rows around it are read.
#[test]
fn bad_rows_are_counted_by_reason() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("BTCUSDT-trades-2024-01-01.csv");
    let mut rows = String::from("id,price,qty,quote_qty,time,is_buyer_maker\n");
    for row in [
        "1,100.5,2,201,1704067200000,true",
        "2,abc,2,201,1704067200001,true",
        "3,100.5,-2,201,1704067200002,true",
        "4,100.5,0,0,1704067200003,true",
        "5,100.5",
        "6,0.123456789,1,1,1704067200004,true",
        "7,100.5,2,201,2024-01-01,true",
        "8,100.5,2,201,1704067200005,perhaps",
        "x,100.5,2,201,1704067200006,true",
        "9,99999999999999999999,1,1,1704067200007,true",
        "",
        "10,1.005e2,2e-3,201,1704067200008,false",
        "13,100.5,2,201,1704067200009,false",
        "13,100.5,2,201,1704067200009,false",
    ] {
        let _ = writeln!(rows, "{row}");
    }
    fs::write(&path, rows).unwrap();
    let (ticks, data) = ticks(&path.display().to_string());
    assert_eq!(ticks.iter().map(|t| t.venue_seq).collect::<Vec<_>>(), [1, 10, 13, 13]);
    assert_eq!((ticks[1].values[0], ticks[1].values[1]), (10_050_000_000, 200_000));
    assert!(ticks.iter().all(|t| t.exchange_offset_us == 0), "the exchange's time stands for the receive time");
    let feed = &data.feeds()[0];
    let refused: Vec<(&str, u64)> = feed.refused.iter().map(|(reason, n)| (reason.as_str(), *n)).collect();
    assert_eq!(
        refused,
        [
            ("bad_decimal", 1),
            ("bad_number", 1),
            ("bad_side", 1),
            ("bad_time", 1),
            ("missing_field", 1),
            ("negative", 1),
            ("number_too_large", 1),
            ("too_precise", 1),
            ("zero", 1),
        ]
    );
    assert_eq!((feed.frames, feed.trades, feed.trade_gaps, feed.trade_duplicates), (13, 4, 10, 1));
}

#[test]
fn what_is_not_understood_says_so() {
    let folder = TempDir::new().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let open = |argument: &str| Data::discover(&[Source::parse(argument)]).err().map(|e| e.to_string());
    let klines = write("BTCUSDT-1m-2024-01.csv", "open_time,open,high,low,close,volume\n1,2,3,4,5,6\n");
    let error = open(&klines).expect("columns that tell nothing");
    assert!(error.contains("open_time,open,high") && error.contains("neither price and quantity"), "{error}");
    let headless = write("a.csv", "1499040000000,0.01,0.8,0.015,0.0157,148976.1\n");
    assert!(open(&headless).expect("no header").contains("put a line with the columns' names in front"));
    let nameless = write("b.csv", "time,price,qty\n1704067200000,1,1\n");
    assert!(open(&nameless).expect("no symbol").contains("VENUE:SYMBOL="));
    assert_eq!(open(&format!("x:BTCUSDT={nameless}")), None);

    // Milliseconds, then microseconds: two files glued together.
    let mixed = write("BTCUSDT-trades-x.csv", "1,1,1,1,1735689599999,True,True\n2,1,1,1,1735689600000000,True,True\n");
    let mut data = Data::discover(&[Source::parse(&mixed)]).unwrap();
    assert!(data.next_tick().unwrap().is_some());
    let error = data.next_tick().expect_err("mixed units").to_string();
    assert!(error.contains("BTCUSDT-trades-x.csv:2: a time in microseconds"), "{error}");

    // A quote that is not closed takes no other row with it, and is found where it stands.
    let rows = "time,price,qty\r\n\r\n1704067200000,\"1\",1\r\n1704067200001,\"1,1\r\n1704067200002,1,1\r\n";
    let stray = write("d.csv", rows);
    let mut data = Data::discover(&[Source::parse(&format!("x:A={stray}"))]).unwrap();
    assert!(data.next_tick().unwrap().is_some());
    let error = data.next_tick().expect_err("a stray quote").to_string();
    assert!(error.contains("d.csv:4: a quoted field does not end on its line"), "{error}");
    let open_quote = write("e.csv", &format!("time,price,qty\n1704067200000,\"1,{}", "1,1\n".repeat(100_000)));
    let error = open(&format!("x:A={open_quote}")).expect("a stray quote");
    assert!(error.contains("e.csv:2: a quoted field"), "{error}");

    // As old Macs end lines, with a header, without one, and longer than a line may be.
    for (text, line) in [
        ("time,price,qty\r1704067200000,1,1\r1704067201000,2,1\r".to_owned(), 1),
        ("1,1.5,1,1,1735689599999,True,True\r2,1.5,1,1,1735689600000,True,True\r".to_owned(), 1),
        ("\r\rtime,price,qty\r1,2,3".to_owned(), 1),
        (format!("time,price,qty\r{}", "1704067200000,1,1\r".repeat(10_000)), 1),
        (format!("time,price,qty\n{}", "1704067200000,1,1\r".repeat(10)), 2),
        ("\"time\",\"price\",\"qty\"\r1,2,3".to_owned(), 1),
    ] {
        let path = write("mac-trades.csv", &text);
        let error = open(&format!("x:A={path}")).unwrap_or_else(|| panic!("{text:.60?} was read"));
        let said = format!("mac-trades.csv:{line}: line ends are CR alone");
        assert!(error.contains(&said) && error.contains("tr '\\r' '\\n'"), "{error}");
    }
    // Within quotes, and beside the line's own end, it is none.
    let path = write("n.csv", "time,price,qty,\"a\rb\"\r\r\n1704067200000,1,1,\"x\ry\"\r\n");
    assert_eq!(open(&format!("x:A={path}")), None);

    let endless = write("c.csv", &format!("time,price,qty\n{}", "9".repeat(100_000)));
    let error = open(&format!("x:A={endless}")).expect("a line without end");
    assert!(error.contains("65536 bytes"), "{error}");
}

/// Rows that are refused before the first good one say nothing of times and units.
#[test]
fn a_bad_first_row_leaves_no_trace_in_times() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("mine.csv");
    let argument = format!("x:A={}", path.display());
    let rows = "time,price,qty\n1704067200x,1,1\n1704067200000,1,1\n1704067201000,2,1\n";
    fs::write(&path, rows).unwrap();
    let (all, data) = ticks(&argument);
    assert_eq!(all.len(), 2, "digits in front of what is no time are no seconds");
    assert_eq!(data.feeds()[0].refused, [("bad_time".to_owned(), 1)].into());
    assert_eq!(data.span_ns(), Some((1_704_067_200_000_000_000, 1_704_067_201_000_000_000)));
    // A row stands at its own receive time, whatever else is wrong with it.
    let rows = "recv_ns,time,price,qty\n1704067200000000000,x,1,1\n1704067201000000000,1704067200999,2,1\n";
    fs::write(&path, rows).unwrap();
    let (all, data) = ticks(&argument);
    assert_eq!((all.len(), data.span_s()), (1, 1.0));
}

/// Receive times of their own, sides in words, symbols by row.
#[test]
fn columns_by_name() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("mine.csv");
    let rows = "\
        recv_ns,exch_us,Symbol,Price,Size,Side\n\
        1704067200000001500,1704067200000000,BTCUSDT,100.5,1,SELL\n\
        1704067200000002500,1704067200000001,ETHUSDT,50.25,2,buy\n\
        1704067200000003500,1704067200000002,BTCUSDT,100.75,3,b\n";
    fs::write(&path, rows).unwrap();
    let argument = path.display().to_string();
    let (all, data) = ticks(&argument);
    assert_eq!(data.discovered(), [("mine".into(), "BTCUSDT".into()), ("mine".into(), "ETHUSDT".into())]);
    assert_eq!(
        all.iter().map(|t| (t.instrument.0, t.recv_ns)).collect::<Vec<_>>(),
        [(0, 1_704_067_200_000_001_500), (1, 1_704_067_200_000_002_500), (0, 1_704_067_200_000_003_500)]
    );
    assert_eq!(all[0].exchange_offset_us, -2, "rounded down");
    assert_eq!(all.iter().map(|t| t.venue_seq).collect::<Vec<_>>(), [1, 2, 3], "the row's number");
    let (one, data) = ticks(&format!("venue:ETHUSDT={argument}"));
    assert_eq!((one.len(), one[0].values[0]), (1, 5_025_000_000));
    assert_eq!(data.feeds()[0].other, 2, "rows of other symbols");
}

/// With a config: the venue's instruments, at their scale.
#[test]
fn rows_of_a_config_go_through_replay() {
    let session = support::Session::generated(7, 2, &[]);
    let config = fs::read_to_string(session.path().join("config.toml")).unwrap();
    assert!(config.contains("[[market]]"), "{config}");
    let first = session.files()[0].clone();
    let venue = first.split_once('=').unwrap().0.to_owned();
    let bad = session.path().join("NOSUCH-trades-2024-01-01.csv");
    fs::write(&bad, "1,100.5,2,201,1704067200000,true\n").unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_crosstick"));
    command.args(["replay", "--config", "config.toml"]).arg(format!("{venue}={}", bad.display()));
    let done = command.current_dir(session.path()).output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr);
    assert_eq!(done.status.code(), Some(2), "{said}");
    assert!(said.contains("NOSUCH is no instrument of its venue in the config; there are: "), "{said}");
}

/// The recorded files, where they are: every row of them, and the exact sums.
#[test]
fn recorded_rows_count_as_in_python() {
    let Some(data) = support::recordings() else { return };
    let data = data.parent().unwrap().to_path_buf();
    let folders =
        ["hftframework", "binance-market-data-demo", "crypto-microstructure", "tick-collector", "cex-arbitrage"];
    let mut files: Vec<PathBuf> = Vec::new();
    for folder in folders.map(|f| data.join(f)).iter().filter(|f| f.is_dir()) {
        files.extend(fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()));
    }
    files.retain(|f| f.to_string_lossy().ends_with(".csv.zst"));
    files.sort();
    assert!(!files.is_empty(), "no file of rows in {}", data.display());
    let mut rows = 0;
    for (file, count) in files.iter().zip(counted(&files)) {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let read = compare(&format!("x:X={}", file.display()), &count);
        println!(
            "{name}: {read} rows, quantity {}, price x quantity {}, quotes' numbers {}",
            count["quantity"], count["notional"], count["book"]
        );
        rows += read;
    }
    println!("{} files, {rows} rows", files.len());
}
