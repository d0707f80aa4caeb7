//! Which column of a file of rows holds what: by the header's names, or by the shape of the first row. Cold.

use ::csv::ByteRecord;

use super::value::{Unit, flag};

/// A column of times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Time {
    /// Its place.
    pub column: usize,
    /// What its name says that it counts in.
    pub unit: Option<Unit>,
}

/// How a trade tells its taker's side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taker {
    /// It does not.
    Unknown,
    /// Whether the buyer was the maker.
    BuyerMaker(usize),
    /// The taker's side in words.
    Side(usize),
}

/// What a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Row {
    /// A trade.
    Trade { price: usize, quantity: usize, taker: Taker },
    /// A best bid and ask.
    Quote { bid: usize, bid_quantity: usize, ask: usize, ask_quantity: usize },
}

/// The columns of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Layout {
    /// Trade id or update id.
    pub id: Option<usize>,
    /// When it was received.
    pub recv: Option<Time>,
    /// When the venue says that it was.
    pub exchange: Option<Time>,
    /// The symbol.
    pub symbol: Option<usize>,
    /// The rest.
    pub row: Row,
}

// Names without case, blanks, `_` and `-`; the first that is there counts.
const ID: &[&str] = &["id", "tradeid", "aggtradeid", "aggregatetradeid", "updateid"];
const RECV: &[&str] = &["recv", "received", "recvtime", "receivetime", "localtime", "localtimestamp"];
const EXCHANGE: &[&str] = &[
    "eventtime",
    "exch",
    "exchange",
    "exchtime",
    "exchangetime",
    "exchangetimestamp",
    "transacttime",
    "transactiontime",
    "tradetime",
    "time",
    "timestamp",
    "ts",
];
const SYMBOL: &[&str] = &["symbol"];
const PRICE: &[&str] = &["price"];
const QUANTITY: &[&str] = &["quantity", "qty", "size", "amount"];
const BUYER_MAKER: &[&str] = &["isbuyermaker", "buyermaker", "wasthebuyerthemaker"];
const SIDE: &[&str] = &["side", "takerside"];
const BID: &[&str] = &["bestbidprice", "bestbid", "bidprice", "bid"];
const ASK: &[&str] = &["bestaskprice", "bestask", "askprice", "ask"];
const BID_QUANTITY: &[&str] =
    &["bestbidqty", "bestbidquantity", "bestbidsize", "bidqty", "bidquantity", "bidsize", "bidamount"];
const ASK_QUANTITY: &[&str] =
    &["bestaskqty", "bestaskquantity", "bestasksize", "askqty", "askquantity", "asksize", "askamount"];

impl Layout {
    /// The columns that a header names; in words, what is missing.
    pub fn of_header(header: &ByteRecord) -> Result<Self, String> {
        let named: Vec<(String, Option<Unit>)> = header.iter().map(name).collect();
        // A name as it stands, or without the unit behind it.
        let find = |names: &[&str]| names.iter().find_map(|name| named.iter().position(|(n, _)| n == name));
        let time = |names: &[&str]| find(names).map(|column| Time { column, unit: named[column].1 });
        let (price, quantity) = (find(PRICE), find(QUANTITY));
        let (bid, ask, bid_quantity, ask_quantity) = (find(BID), find(ASK), find(BID_QUANTITY), find(ASK_QUANTITY));
        let row = match (price, quantity, bid, ask, bid_quantity, ask_quantity) {
            (Some(price), Some(quantity), None, None, ..) => {
                let maker = find(BUYER_MAKER).map(Taker::BuyerMaker);
                let taker = maker.or_else(|| find(SIDE).map(Taker::Side)).unwrap_or(Taker::Unknown);
                Row::Trade { price, quantity, taker }
            }
            (None, _, Some(bid), Some(ask), Some(bid_quantity), Some(ask_quantity)) => {
                Row::Quote { bid, bid_quantity, ask, ask_quantity }
            }
            (Some(_), _, Some(_), ..) => return Err("both a price and a bid: is a row a trade or a quote?".into()),
            (Some(_), None, ..) => return Err("a price without a quantity (quantity, qty, size or amount)".into()),
            (_, _, Some(_), ..) | (_, _, _, Some(_), ..) => {
                return Err(
                    "a quote needs bid, ask and both sizes (such as bid_price, bid_qty, ask_price, ask_qty)".into()
                );
            }
            _ => return Err("neither price and quantity nor bid and ask with their sizes".into()),
        };
        let (recv, exchange) = (time(RECV), time(EXCHANGE));
        if recv.is_none() && exchange.is_none() {
            return Err("no time (such as time, timestamp, transact_time, ts_us, recv_ms)".into());
        }
        Ok(Self { id: find(ID), recv, exchange, symbol: find(SYMBOL), row })
    }

    /// The columns of a file without a header that data.binance.vision would have, by its first row's shape.
    pub fn of_first_row(row: &ByteRecord) -> Option<Self> {
        let is = |column: usize, what: fn(&[u8]) -> bool| row.get(column).is_some_and(what);
        let time =
            |text: &[u8]| matches!(Unit::of(text), Some(Unit::Ms | Unit::Us)) && text.iter().all(u8::is_ascii_digit);
        let flag = |text: &[u8]| flag(text).is_some();
        let at = |column| Some(Time { column, unit: None });
        let layout = |time, row| Some(Self { id: Some(0), recv: None, exchange: at(time), symbol: None, row });
        let trade = |maker| Row::Trade { price: 1, quantity: 2, taker: Taker::BuyerMaker(maker) };
        match row.len() {
            // Trades: id, price, quantity, quote (or base) quantity, time, buyer is maker, best match (spot).
            6 | 7 if is(4, time) && is(5, flag) => layout(4, trade(5)),
            // Aggregate trades: id, price, quantity, first id, last id, time, buyer was maker, best match (spot).
            7 | 8 if is(5, time) && is(6, flag) => layout(5, trade(6)),
            // Best quotes: id, bid, its quantity, ask, its quantity, transaction time, event time.
            7 if is(5, time) && is(6, time) => {
                layout(6, Row::Quote { bid: 1, bid_quantity: 2, ask: 3, ask_quantity: 4 })
            }
            _ => None,
        }
    }
}

/// A column's name without case, blanks, `_` and `-`, and without the unit at its end, which is told apart.
fn name(field: &[u8]) -> (String, Option<Unit>) {
    let text = String::from_utf8_lossy(field).trim().to_ascii_lowercase();
    let (text, unit) = match text.rsplit_once('_').map(|(front, unit)| (front, Unit::of_name(unit))) {
        Some((front, Some(unit))) => (front.to_owned(), Some(unit)),
        _ => (text, None),
    };
    (text.chars().filter(|c| !matches!(c, ' ' | '_' | '-')).collect(), unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(text: &str) -> ByteRecord {
        ByteRecord::from(text.split(',').collect::<Vec<_>>())
    }

    fn time(column: usize, unit: Option<Unit>) -> Option<Time> {
        Some(Time { column, unit })
    }

    #[test]
    fn headers_by_name() {
        let of = |text: &str| Layout::of_header(&record(text)).unwrap_or_else(|e| panic!("{text}: {e}"));
        let trade = |price, quantity, taker| Row::Trade { price, quantity, taker };
        let agg = of("agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker");
        assert_eq!((agg.id, agg.exchange, agg.recv), (Some(0), time(5, None), None));
        assert_eq!(agg.row, trade(1, 2, Taker::BuyerMaker(6)));
        let coinm = of("id,price,qty,base_qty,time,is_buyer_maker");
        assert_eq!((coinm.row, coinm.exchange), (trade(1, 2, Taker::BuyerMaker(5)), time(4, None)));
        let spot = of("trade Id, price, qty,quoteQty,time,isBuyerMaker,isBestMatch");
        assert_eq!((spot.id, spot.row), (Some(0), trade(1, 2, Taker::BuyerMaker(5))));
        let book = of("update_id,best_bid_price,best_bid_qty,best_ask_price,best_ask_qty,transaction_time,event_time");
        assert_eq!(book.row, Row::Quote { bid: 1, bid_quantity: 2, ask: 3, ask_quantity: 4 });
        assert_eq!(book.exchange, time(6, None), "when it was sent, not when it happened");
        let both = of("recv_ms,exch_ms,trade_id,price,qty,taker_side");
        assert_eq!((both.recv, both.exchange), (time(0, Some(Unit::Ms)), time(1, Some(Unit::Ms))));
        assert_eq!((both.id, both.row), (Some(2), trade(3, 4, Taker::Side(5))));
        let bbo = of("ts_us,bid_price,bid_qty,ask_price,ask_qty");
        assert_eq!((bbo.id, bbo.exchange), (None, time(0, Some(Unit::Us))));
        assert_eq!(of("timestamp_ms,price,quantity").row, trade(1, 2, Taker::Unknown));
        assert_eq!(of("symbol,ts,price,amount,side").symbol, Some(0));
    }

    #[test]
    fn headers_that_tell_too_little() {
        for (text, what) in [
            ("open,high,low,close,time", "neither price"),
            ("time,price", "without a quantity"),
            ("time,bid,ask", "both sizes"),
            ("price,qty", "no time"),
            ("time,price,qty,bid,bid_qty,ask,ask_qty", "trade or a quote"),
        ] {
            let error = Layout::of_header(&record(text)).expect_err(text);
            assert!(error.contains(what), "{text}: {error}");
        }
    }

    #[test]
    fn first_rows_by_shape() {
        let of = |text: &str| Layout::of_first_row(&record(text));
        let column = |layout: Option<Layout>| layout.and_then(|l| l.exchange).map(|t| t.column);
        assert_eq!(column(of("51175358,17.8,5.69,101.292242,1583709433583,True,True")), Some(4));
        assert_eq!(column(of("28457,4.001,12.0,48.00,1499865549590,true")), Some(4));
        assert_eq!(column(of("0,0.2,50.0,0,0,1735689600010866,False,True")), Some(5));
        assert_eq!(column(of("26129,0.01633102,4.70443515,27781,27781,1498793709153,true")), Some(5));
        assert_eq!(column(of("3062820799546,26.67,172.0,26.671,582.0,1689379200098,1689379200104")), Some(6));
        assert_eq!(of("1499040000000,0.01,0.8,0.015,0.0157,148976.1,1499644799999,2434.1,308,1756.8,28.4,17.8"), None);
        assert_eq!(of("1,2,3"), None);
    }
}
