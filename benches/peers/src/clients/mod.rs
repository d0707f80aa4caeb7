//! The contestants: each connects to the address, subscribes to `btcusdt@trade`, and hands every trade's id to
//! [`Stamps::callback`], from within what is its callback. They run on the thread that calls, and end when told to.

mod barter;
mod binance_sdk;
mod crosstick;
mod floor;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::stamps::Stamps;

/// How often a client on tokio looks whether the turn is over.
const LOOK: Duration = Duration::from_millis(20);

/// A contestant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Peer {
    /// A socket read until it gives something, and nothing done with it.
    Floor,
    /// This project's reader, busy polling.
    Crosstick,
    /// barter-data's documented `Streams`, on tokio.
    BarterData,
    /// barter-data's stream by itself, without the channel that `Streams` puts behind it.
    BarterDataLean,
    /// Binance's own SDK, on tokio.
    BinanceSdk,
}

impl Peer {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Floor, Self::Crosstick, Self::BarterData, Self::BarterDataLean, Self::BinanceSdk];

    /// As the tables call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Floor => "bare read",
            Self::Crosstick => "crosstick",
            Self::BarterData => "barter-data",
            Self::BarterDataLean => "barter-data, lean",
            Self::BinanceSdk => "binance-sdk",
        }
    }

    /// Whether it takes frames in the envelope of combined connections; barter reads raw ones, which are shorter.
    #[must_use]
    pub const fn combined(self) -> bool {
        !matches!(self, Self::BarterData | Self::BarterDataLean)
    }

    /// Runs it until the turn is over.
    ///
    /// # Errors
    /// In words.
    pub fn run(self, address: SocketAddr, stamps: &Arc<Stamps>) -> Result<(), String> {
        match self {
            Self::Floor => floor::run(address, stamps),
            Self::Crosstick => crosstick::run(address, stamps),
            Self::BarterData => on_tokio(barter::run(address, Arc::clone(stamps))),
            Self::BarterDataLean => on_tokio(barter::run_lean(address, Arc::clone(stamps))),
            Self::BinanceSdk => on_tokio(binance_sdk::run(address, Arc::clone(stamps))),
        }
    }
}

/// On a runtime of this one thread, as suits one pinned core.
fn on_tokio(client: impl Future<Output = Result<(), String>>) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| e.to_string())?;
    let result = runtime.block_on(client);
    runtime.shutdown_background();
    result
}

/// Until the turn is over.
async fn over(stamps: &Stamps) {
    while !stamps.is_stopped() {
        tokio::time::sleep(LOOK).await;
    }
}
