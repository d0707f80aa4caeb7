//! All venues, assets, instruments and markets of a run: built once at start, then read-only.

use std::fmt;

use crate::instrument::{AssetId, Instrument, InstrumentId, Market, MarketId, Venue, VenueId};

/// Why a universe cannot be built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UniverseError {
    /// More venues than a [`VenueId`] counts.
    TooManyVenues,
    /// More instruments than an [`InstrumentId`] counts.
    TooManyInstruments,
    /// More markets than a [`MarketId`] counts.
    TooManyMarkets,
    /// More assets than an [`AssetId`] counts.
    TooManyAssets,
}

impl fmt::Display for UniverseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooManyVenues => "more than 255 venues",
            Self::TooManyInstruments => "more than 65535 instruments",
            Self::TooManyMarkets => "more than 65535 markets",
            Self::TooManyAssets => "more than 65535 assets",
        })
    }
}

impl std::error::Error for UniverseError {}

/// All venues, assets, instruments and markets. Ids index the public tables.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Universe {
    /// In the config's order.
    pub venues: Vec<Venue>,
    /// By first mention.
    pub assets: Vec<Box<str>>,
    /// Grouped in no particular way; look up by [`Universe::find`].
    pub instruments: Vec<Instrument>,
    /// In the config's order.
    pub markets: Vec<Market>,
}

impl Universe {
    /// The asset of that name, added when new.
    ///
    /// # Errors
    /// When there is no room for another.
    pub fn asset(&mut self, name: &str) -> Result<AssetId, UniverseError> {
        if let Some(known) = self.find_asset(name) {
            return Ok(known);
        }
        let id = u16::try_from(self.assets.len()).ok().filter(|i| *i < u16::MAX).map(AssetId);
        let id = id.ok_or(UniverseError::TooManyAssets)?;
        self.assets.push(name.into());
        Ok(id)
    }

    /// The asset of that name.
    #[must_use]
    pub fn find_asset(&self, name: &str) -> Option<AssetId> {
        self.assets.iter().position(|a| &**a == name).map(|i| AssetId(i as u16))
    }

    /// Adds a venue; its id is set here.
    ///
    /// # Errors
    /// When there is no room for another.
    pub fn add_venue(&mut self, mut venue: Venue) -> Result<VenueId, UniverseError> {
        let id = u8::try_from(self.venues.len()).ok().filter(|i| *i < u8::MAX).map(VenueId);
        let id = id.ok_or(UniverseError::TooManyVenues)?;
        venue.id = id;
        self.venues.push(venue);
        Ok(id)
    }

    /// Adds an instrument; its id is set here.
    ///
    /// # Errors
    /// When there is no room for another.
    pub fn add_instrument(&mut self, mut instrument: Instrument) -> Result<InstrumentId, UniverseError> {
        let id = u16::try_from(self.instruments.len()).ok().filter(|i| *i < u16::MAX).map(InstrumentId);
        let id = id.ok_or(UniverseError::TooManyInstruments)?;
        instrument.id = id;
        self.instruments.push(instrument);
        Ok(id)
    }

    /// Adds a market over instruments already added; its id is set here, and theirs to it.
    ///
    /// # Errors
    /// When there is no room for another.
    ///
    /// # Panics
    /// When an instrument of the market does not exist.
    pub fn add_market(&mut self, mut market: Market) -> Result<MarketId, UniverseError> {
        let id = u16::try_from(self.markets.len()).ok().filter(|i| *i < u16::MAX).map(MarketId);
        let id = id.ok_or(UniverseError::TooManyMarkets)?;
        market.id = id;
        for instrument in &market.instruments {
            self.instruments[instrument.index()].market = Some(id);
        }
        self.markets.push(market);
        Ok(id)
    }

    /// The instrument of that symbol on that venue.
    #[must_use]
    pub fn find(&self, venue: VenueId, symbol: &str) -> Option<&Instrument> {
        self.instruments.iter().find(|i| i.venue == venue && &*i.symbol == symbol)
    }

    /// The venue of that name.
    #[must_use]
    pub fn find_venue(&self, name: &str) -> Option<&Venue> {
        self.venues.iter().find(|v| &*v.name == name)
    }

    /// The instrument with that id.
    ///
    /// # Panics
    /// When the id is not of this universe.
    #[inline]
    #[must_use]
    pub fn instrument(&self, id: InstrumentId) -> &Instrument {
        &self.instruments[id.index()]
    }

    /// The venue with that id.
    ///
    /// # Panics
    /// When the id is not of this universe.
    #[inline]
    #[must_use]
    pub fn venue(&self, id: VenueId) -> &Venue {
        &self.venues[id.index()]
    }

    /// The name of an asset.
    ///
    /// # Panics
    /// When the id is not of this universe.
    #[must_use]
    pub fn asset_name(&self, id: AssetId) -> &str {
        &self.assets[id.index()]
    }
}
