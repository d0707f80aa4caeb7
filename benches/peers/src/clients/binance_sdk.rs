//! binance-sdk, pointed at this machine by its own option.

use std::net::SocketAddr;
use std::sync::Arc;

use binance_sdk::config::ConfigurationWebsocketStreams;
use binance_sdk::spot::SpotWsStreams;
use binance_sdk::spot::websocket_streams::TradeParams;

use super::over;
use crate::stamps::Stamps;

/// As its examples do: connected, subscribed, a callback.
pub async fn run(address: SocketAddr, stamps: Arc<Stamps>) -> Result<(), String> {
    let config = ConfigurationWebsocketStreams::builder().ws_url(format!("ws://{address}")).build();
    let client = SpotWsStreams::from_config(config.map_err(|e| e.to_string())?);
    let connection = client.connect().await.map_err(|e| e.to_string())?;
    let params = TradeParams::builder("btcusdt".to_owned()).build().map_err(|e| e.to_string())?;
    let stream = connection.trade(params).await.map_err(|e| e.to_string())?;
    let callback = Arc::clone(&stamps);
    stream.on_message(move |trade| callback.callback(trade.t.unwrap_or(0) as u64));
    stamps.set_ready();
    over(&stamps).await;
    Ok(())
}
