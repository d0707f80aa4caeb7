//! The one table of keys: what may be written, what it defaults to, in which range, and what it means.
//!
//! The reader's messages, `config explain` and the effective values that `check` prints all come from here.

/// What a value must look like.
pub(super) enum Kind {
    /// One of these words. The second list holds words that design.md names and this build does not have.
    Enum(&'static [&'static str], &'static [&'static str]),
    /// A text under a rule.
    Word(Word),
    /// A file or directory; a relative one counts from the directory of the config file.
    Path,
    /// An address; `path` says whether it may name more than scheme, host and port.
    Url { schemes: &'static [&'static str], path: bool },
    /// true or false.
    Bool,
    /// A whole number, both ends included.
    Int { min: i64, max: i64 },
    /// An exact decimal in quotes, both ends included.
    Dec { min: &'static str, max: &'static str, decimals: u8 },
    /// A list.
    List(&'static Kind),
    /// Free keys with values of one kind.
    Map(Word, &'static Kind),
    /// A table of its own.
    Table(&'static Table),
    /// Any number of tables.
    Tables(&'static Table),
}

/// Rules for texts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    /// A venue, a market, a shared-memory region: `[A-Za-z0-9._-]`, 1 to 32 characters, no leading point or dash.
    Name,
    /// The venue's spelling of an instrument, upper case.
    Symbol,
    /// A currency or coin, upper case.
    Asset,
    /// `quote`, `received`, or an asset.
    FeeAsset,
    /// 1 to 128 printable ASCII characters.
    Text,
}

/// What stands when a key is left out.
#[derive(Clone, Copy)]
pub(super) enum Left {
    /// It must not be left out.
    Required,
    /// Nothing, explained in words.
    Out(&'static str),
    /// This TOML value.
    To(&'static str),
}

/// One key.
pub(super) struct Key {
    pub name: &'static str,
    pub kind: Kind,
    pub left: Left,
    pub unit: &'static str,
    pub doc: &'static str,
}

/// One table.
pub(super) struct Table {
    /// How it is called in messages: `[engine]`.
    pub header: &'static str,
    pub doc: &'static str,
    pub keys: &'static [Key],
}

pub(super) const fn key(name: &'static str, kind: Kind, left: Left, unit: &'static str, doc: &'static str) -> Key {
    Key { name, kind, left, unit, doc }
}

/// A positive amount of the risk currency.
const AMOUNT: Kind = Kind::Dec { min: "0.01", max: "1000000000000", decimals: 8 };
const BPS: Kind = Kind::Dec { min: "-100", max: "1000", decimals: 4 };
const STEP: Kind = Kind::Dec { min: "0.0000000000000001", max: "1000000000", decimals: 16 };
const ASSET_AMOUNT: Kind = Kind::Dec { min: "0", max: "1000000000000000", decimals: 16 };
const CPU: Kind = Kind::Int { min: 0, max: 1023 };
const WAIT: Kind = Kind::Enum(&["spin", "yield", "park", "auto"], &[]);
const DECIMALS: Kind = Kind::Int { min: 0, max: 16 };

/// The whole file.
pub(super) static ROOT: Table = Table {
    header: "the file",
    doc: "",
    keys: &[
        key("engine", Kind::Table(&ENGINE), Left::Out("defaults"), "", ""),
        key("journal", Kind::Table(&JOURNAL), Left::Out("none is kept"), "", ""),
        key("threads", Kind::Table(&THREADS), Left::Out("defaults"), "", ""),
        key("venue", Kind::Tables(&VENUE), Left::Required, "", ""),
        key("instrument", Kind::Tables(&INSTRUMENT), Left::Out("none"), "", ""),
        key("market", Kind::Tables(&MARKET), Left::Out("none"), "", ""),
        key("strategy", Kind::Table(&STRATEGY), Left::Out("defaults"), "", ""),
        key("paper", Kind::Table(&PAPER), Left::Out("defaults"), "", ""),
        key("risk", Kind::Table(&RISK), Left::Out("defaults"), "", ""),
    ],
};

static JOURNAL: Table = Table {
    header: "[journal]",
    doc: "A record of every input and decision, from which a run can be replayed bit by bit.",
    keys: &[
        key(
            "dir",
            Kind::Path,
            Left::Out("no journal"),
            "",
            "Where sessions are kept, one folder a run; made if missing.",
        ),
        key(
            "fsync",
            Kind::Enum(&["none", "interval", "order"], &[]),
            Left::To("\"interval\""),
            "",
            "When what was written is brought to the disk: left to the kernel, every fsync_interval_ms, or every 100 ms and \
             right after each order. A crash of the process loses nothing that was written; one of the machine what \
             was not brought to the disk.",
        ),
        key(
            "fsync_interval_ms",
            Kind::Int { min: 1, max: 60_000 },
            Left::To("1000"),
            "ms",
            "For fsync = \"interval\".",
        ),
        key(
            "segment_kib",
            Kind::Int { min: 64, max: 4_194_304 },
            Left::To("65536"),
            "KiB",
            "Size of one file of a session; its room is taken from the disk when it begins.",
        ),
        key(
            "budget",
            Kind::Int { min: 1024, max: 16_777_216 },
            Left::To("262144"),
            "entries",
            "Entries that may wait for the disk, 128 bytes of memory each; when more do, trading halts.",
        ),
    ],
};

static ENGINE: Table = Table {
    header: "[engine]",
    doc: "The process.",
    keys: &[
        key(
            "mode",
            Kind::Enum(&["paper", "live"], &[]),
            Left::To("\"paper\""),
            "",
            "Where orders go; live needs the flag --live as well.",
        ),
        key(
            "shm",
            Kind::Word(Word::Name),
            Left::To("\"crosstick\""),
            "",
            "Name of the shared-memory region under /dev/shm.",
        ),
        key(
            "state_dir",
            Kind::Path,
            Left::Out("$XDG_STATE_HOME/crosstick, else ~/.local/state/crosstick"),
            "",
            "Where a risk halt and the copies of instrument facts are kept over a restart.",
        ),
        key("log", Kind::Path, Left::Out("standard error"), "", "File that the log is appended to; SIGHUP reopens it."),
        key(
            "halt_file",
            Kind::Path,
            Left::Out("state_dir/halt"),
            "",
            "Holds a halt; while it exists, run does not start.",
        ),
    ],
};

static THREADS: Table = Table {
    header: "[threads]",
    doc: "Threads and how they wait; left out, they are not pinned and wait as auto.",
    keys: &[
        key(
            "topology",
            Kind::Enum(&["rings", "inline"], &[]),
            Left::To("\"rings\""),
            "",
            "How readers and the core meet: rings joins threads, inline does all in one loop on the core thread.",
        ),
        key("core", Kind::Table(&THREAD_CORE), Left::Out("not pinned, wait = \"auto\""), "", "The core thread."),
        key(
            "readers",
            Kind::Table(&THREAD_READERS),
            Left::Out("not pinned, wait = \"auto\""),
            "",
            "The reader threads; topology = \"inline\" has none.",
        ),
        key(
            "kernel_time",
            Kind::Bool,
            Left::To("false"),
            "",
            "Ask the kernel when it received what is read, to measure how long it lay there; each read becomes a bit slower.",
        ),
    ],
};

static THREAD_CORE: Table = Table {
    header: "[threads] core",
    doc: "The core thread.",
    keys: &[
        key("cpu", CPU, Left::Out("not pinned"), "", "CPU that the thread is pinned to."),
        key(
            "wait",
            WAIT,
            Left::To("\"auto\""),
            "",
            "What it does when there is nothing to do; spin takes its whole core, auto spins only where one is free for it.",
        ),
    ],
};

static THREAD_READERS: Table = Table {
    header: "[threads] readers",
    doc: "The reader threads.",
    keys: &[
        key(
            "cpus",
            Kind::List(&CPU),
            Left::Out("not pinned"),
            "",
            "CPUs that the reader threads are pinned to, one reader each.",
        ),
        key("wait", WAIT, Left::To("\"auto\""), "", "What they do when there is nothing to do."),
    ],
};

const WSS: Kind = Kind::Url { schemes: &["wss", "ws"], path: false };

static VENUE: Table = Table {
    header: "[[venue]]",
    doc: "A place that publishes data and takes orders.",
    keys: &[
        key("name", Kind::Word(Word::Name), Left::Required, "", "Our name for it, used everywhere below."),
        key(
            "protocol",
            Kind::Enum(&["binance-spot", "binance-usdm", "binance-coinm"], &["mexc-spot"]),
            Left::Required,
            "",
            "What it speaks.",
        ),
        key(
            "environment",
            Kind::Enum(&["mainnet", "testnet", "demo", "custom"], &[]),
            Left::To("\"mainnet\""),
            "",
            "Which of its hosts; custom takes the URLs below.",
        ),
        key(
            "streams",
            Kind::List(&STREAM),
            Left::Out("spot: trade, bookTicker; usdm and coinm: aggTrade, bookTicker"),
            "",
            "What is subscribed for each instrument.",
        ),
        key(
            "lines",
            Kind::Int { min: 1, max: 2 },
            Left::To("1"),
            "",
            "Connections that carry the same streams; more than one is not available yet in this build.",
        ),
        key(
            "stream_url",
            WSS,
            Left::Out("the environment's"),
            "",
            "custom: base of the streams, without a path; port 0: the demo's own venues, which run without --config starts.",
        ),
        key(
            "api_url",
            Kind::Url { schemes: &["wss", "ws"], path: true },
            Left::Out("the environment's"),
            "",
            "custom: the WebSocket API; kept for live trading, paper does not use it.",
        ),
        key(
            "rest_url",
            Kind::Url { schemes: &["https", "http"], path: false },
            Left::Out("the environment's"),
            "",
            "custom: base of the REST API, without a path; left out, each [[instrument]] states its facts.",
        ),
        key(
            "tls_ca",
            Kind::Path,
            Left::Out("public roots alone"),
            "",
            "PEM file of a private CA, trusted in addition to the public roots.",
        ),
        key("fees", Kind::Table(&FEES), Left::Out("10 bps each"), "", "What it charges."),
        key(
            "balances",
            Kind::Map(Word::Asset, &ASSET_AMOUNT),
            Left::Out("not checked"),
            "",
            "Paper only: what each run starts from; a venue without any is not checked for balances.",
        ),
    ],
};

const STREAM: Kind = Kind::Enum(&["trade", "aggTrade", "bookTicker"], &[]);

static FEES: Table = Table {
    header: "[[venue]] fees",
    doc: "What a venue charges.",
    keys: &[
        key("maker_bps", BPS, Left::To("\"10\""), "bps", "Fee of an order that rested; negative is a rebate."),
        key("taker_bps", BPS, Left::To("\"10\""), "bps", "Fee of an order that took."),
        key(
            "asset",
            Kind::Word(Word::FeeAsset),
            Left::Out("spot: \"received\"; usdm and coinm: \"quote\""),
            "",
            "Asset of the fee: quote, received (spot only), or an asset that [risk] rates values.",
        ),
    ],
};

static INSTRUMENT: Table = Table {
    header: "[[instrument]]",
    doc: "A contract on a venue: to watch it without a market, and for what should not come from the venue's exchangeInfo.",
    keys: &[
        key("venue", Kind::Word(Word::Name), Left::Required, "", "Name of a [[venue]]."),
        key("symbol", Kind::Word(Word::Symbol), Left::Required, "", "The venue's spelling, upper case."),
        key("base", Kind::Word(Word::Asset), Left::Out("the venue's"), "", "What is bought and sold."),
        key("quote", Kind::Word(Word::Asset), Left::Out("the venue's"), "", "What prices are in."),
        key("settle", Kind::Word(Word::Asset), Left::Out("the venue's"), "", "What profit and loss are settled in."),
        key(
            "kind",
            Kind::Enum(&["spot", "linear", "inverse"], &[]),
            Left::Out("the protocol's"),
            "",
            "What a contract is worth.",
        ),
        key(
            "contract_size",
            STEP,
            Left::Out("the venue's"),
            "quote units",
            "What one inverse contract is worth; 1 where spot or linear.",
        ),
        key("price_step", STEP, Left::Out("the venue's"), "", "Smallest price increment."),
        key(
            "quantity_step",
            STEP,
            Left::Out("the venue's"),
            "",
            "Smallest quantity increment; contracts where inverse.",
        ),
        key("min_quantity", ASSET_AMOUNT, Left::Out("the venue's"), "", "Least quantity of an order."),
        key("min_notional", ASSET_AMOUNT, Left::Out("the venue's"), "quote units", "Least notional of an order."),
    ],
};

static MARKET: Table = Table {
    header: "[[market]]",
    doc: "The same pair on several venues: what spreads are found in.",
    keys: &[
        key("name", Kind::Word(Word::Name), Left::Required, "", "Our name for it."),
        key(
            "symbols",
            Kind::Map(Word::Name, &SYMBOL),
            Left::Required,
            "",
            "Its symbol on each venue, two venues at least.",
        ),
        key(
            "price_decimals",
            DECIMALS,
            Left::Out("enough for the steps of all its instruments"),
            "",
            "Decimals of its prices; with quantity_decimals 16 at most.",
        ),
        key(
            "quantity_decimals",
            DECIMALS,
            Left::Out("enough for the steps of all its instruments"),
            "",
            "Decimals of its quantities.",
        ),
    ],
};

const SYMBOL: Kind = Kind::Word(Word::Symbol);

static STRATEGY: Table = Table {
    header: "[strategy]",
    doc: "What decides.",
    keys: &[
        key(
            "name",
            Kind::Enum(&["spread", "last-trade"], &[]),
            Left::To("\"spread\""),
            "",
            "spread compares quotes, last-trade the last trade prices (never live).",
        ),
        key("trade", Kind::Bool, Left::To("true"), "", "false: watch only."),
        key("spread", Kind::Table(&SPREAD), Left::Out("defaults"), "", "Settings of spread and last-trade."),
    ],
};

static SPREAD: Table = Table {
    header: "[strategy.spread]",
    doc: "When a spread is an opportunity.",
    keys: &[
        key(
            "min_edge_bps",
            Kind::Dec { min: "-1000", max: "10000", decimals: 4 },
            Left::To("\"1.5\""),
            "bps",
            "Least edge after both legs' fees.",
        ),
        key(
            "max_age_ms",
            Kind::Int { min: 1, max: 3_600_000 },
            Left::To("1000"),
            "ms",
            "A quote is stale from this age on; quotes come on change only, a quiet one is not a wrong one.",
        ),
        key(
            "max_lag_ms",
            Kind::Int { min: 0, max: 60_000 },
            Left::To("50"),
            "ms",
            "Quotes of a line that lags more than this above its best are not used; 0: off.",
        ),
        key("max_notional", AMOUNT, Left::To("\"500\""), "risk currency", "Largest size of a leg."),
        key(
            "cooldown_ms",
            Kind::Int { min: 0, max: 3_600_000 },
            Left::To("50"),
            "ms",
            "Pause of a route after it was taken.",
        ),
    ],
};

const PPM: Kind = Kind::Int { min: 0, max: 1_000_000 };
const LATENCY: Kind = Kind::Int { min: 0, max: 10_000_000 };

static PAPER: Table = Table {
    header: "[paper]",
    doc: "How paper orders are filled.",
    keys: &[
        key(
            "preset",
            Kind::Enum(&["honest", "harsh", "custom"], &[]),
            Left::To("\"honest\""),
            "",
            "custom takes the keys below seed.",
        ),
        key("seed", Kind::Int { min: 0, max: i64::MAX }, Left::To("1"), "", "Seed of what is random."),
        key("latency_us", LATENCY, Left::Out("custom: 2000"), "us", "custom: from decision to arrival at the venue."),
        key("ack_us", LATENCY, Left::Out("custom: 2000"), "us", "custom: from the venue back to us."),
        key("reject_ppm", PPM, Left::Out("custom: 0"), "ppm", "custom: share of orders that are refused."),
        key("partial_ppm", PPM, Left::Out("custom: 0"), "ppm", "custom: share of orders that fill in part."),
    ],
};

static RISK: Table = Table {
    header: "[risk]",
    doc: "Limits that no order passes; amounts are in currency.",
    keys: &[
        key("currency", Kind::Word(Word::Asset), Left::To("\"USDT\""), "", "What limits and profit and loss are in."),
        key(
            "rates",
            Kind::Map(Word::Asset, &RATE),
            Left::Out("none"),
            "currency a unit",
            "What one unit of another asset is worth: the peg under which quotes in different assets meet.",
        ),
        key("max_order_notional", AMOUNT, Left::To("\"1000\""), "risk currency", "Largest order."),
        key(
            "max_position_notional",
            AMOUNT,
            Left::To("\"5000\""),
            "risk currency",
            "Largest position in one instrument.",
        ),
        key("max_gross_notional", AMOUNT, Left::To("\"10000\""), "risk currency", "Largest sum of all positions."),
        key(
            "max_net_notional",
            AMOUNT,
            Left::To("\"2000\""),
            "risk currency",
            "Largest net position in one base asset over all venues.",
        ),
        key("max_open_orders", Kind::Int { min: 1, max: 10_000 }, Left::To("8"), "", "Most orders open at once."),
        key(
            "max_orders_per_second",
            Kind::Int { min: 1, max: 100_000 },
            Left::To("20"),
            "",
            "Most orders within one second.",
        ),
        key(
            "price_collar_bps",
            Kind::Dec { min: "0.01", max: "5000", decimals: 4 },
            Left::To("\"100\""),
            "bps",
            "How far from the market an order's price may be.",
        ),
        key(
            "max_daily_loss",
            AMOUNT,
            Left::To("\"200\""),
            "risk currency",
            "Loss within a UTC day that halts trading.",
        ),
        key(
            "max_drawdown",
            AMOUNT,
            Left::To("\"300\""),
            "risk currency",
            "Fall from the best profit so far that halts trading.",
        ),
    ],
};

const RATE: Kind = Kind::Dec { min: "0.00000001", max: "1000000000", decimals: 8 };
