//! barter-data on its Binance spot connector, pointed at this machine by an exchange server of our own.

use std::fmt::{self, Display};
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use barter_data::exchange::ExchangeServer;
use barter_data::exchange::binance::Binance;
use barter_data::streams::Streams;
use barter_data::streams::consumer::{MarketStreamResult, STREAM_RECONNECTION_POLICY, init_market_stream};
use barter_data::streams::reconnect;
use barter_data::subscription::Subscription;
use barter_data::subscription::trade::{PublicTrade, PublicTrades};
use barter_instrument::exchange::ExchangeId;
use barter_instrument::instrument::market_data::MarketDataInstrument;
use barter_instrument::instrument::market_data::kind::MarketDataInstrumentKind;
use futures_util::{Stream, StreamExt};

use super::over;
use crate::stamps::Stamps;

/// The trait asks for a URL that lives for ever; every turn of the process has the same.
static URL: OnceLock<String> = OnceLock::new();

#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug, Default)]
struct Local;

impl ExchangeServer for Local {
    const ID: ExchangeId = ExchangeId::BinanceSpot;

    fn websocket_url() -> &'static str {
        URL.get().map_or("", String::as_str)
    }
}

impl Display for Local {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("local")
    }
}

type Row = (Binance<Local>, &'static str, &'static str, MarketDataInstrumentKind, PublicTrades);

fn row(address: SocketAddr) -> Result<Row, String> {
    let url = format!("ws://{address}/ws");
    if *URL.get_or_init(|| url.clone()) != url {
        return Err("all turns of a process share one listener".into());
    }
    Ok((Binance::default(), "btc", "usdt", MarketDataInstrumentKind::Spot, PublicTrades))
}

/// As its README does: built, joined, read.
pub async fn run(address: SocketAddr, stamps: Arc<Stamps>) -> Result<(), String> {
    let streams = Streams::<PublicTrades>::builder().subscribe([row(address)?]).init().await;
    let joined = streams.map_err(|e| e.to_string())?.select_all();
    take(joined, stamps).await
}

/// The stream itself, without the task and the channel between.
pub async fn run_lean(address: SocketAddr, stamps: Arc<Stamps>) -> Result<(), String> {
    let subscription: Subscription<Binance<Local>, MarketDataInstrument, PublicTrades> = row(address)?.into();
    let stream = init_market_stream(STREAM_RECONNECTION_POLICY, vec![subscription]).await;
    take(Box::pin(stream.map_err(|e| e.to_string())?), stamps).await
}

type Item = MarketStreamResult<MarketDataInstrument, PublicTrade>;

async fn take(
    mut stream: impl Stream<Item = Item> + Unpin + Send + 'static,
    stamps: Arc<Stamps>,
) -> Result<(), String> {
    stamps.set_ready();
    let callback = Arc::clone(&stamps);
    let reading = tokio::spawn(async move {
        while let Some(event) = stream.next().await {
            match event {
                reconnect::Event::Item(Ok(trade)) => callback.callback(trade.kind.id.parse().unwrap_or(0)),
                reconnect::Event::Item(Err(error)) => return Err(error.to_string()),
                reconnect::Event::Reconnecting(_) => return Err("the connection was lost".to_owned()),
            }
        }
        Err("the stream ended".to_owned())
    });
    over(&stamps).await;
    if reading.is_finished() {
        return reading.await.map_err(|e| e.to_string())?;
    }
    reading.abort();
    Ok(())
}
