//! Venues, assets, instruments and markets, each known by a dense index that is fixed at start.

use std::fmt;

use crate::amount::{AMOUNT_DECIMALS, Amount};
use crate::decimal::{Decimal, MAX_DECIMALS, pow10_i128};

macro_rules! index_type {
    ($(#[$doc:meta])* $name:ident, $int:ty) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        #[repr(transparent)]
        pub struct $name(pub $int);

        impl $name {
            /// The index into the table of its kind.
            #[inline]
            #[must_use]
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }
    };
}

index_type!(
    /// A place that takes orders and publishes data, by its order in the config.
    VenueId, u8
);
index_type!(
    /// One tradable contract on one venue.
    InstrumentId, u16
);
index_type!(
    /// The same pair on several venues, by its order in the config.
    MarketId, u16
);
index_type!(
    /// A currency or coin, across venues.
    AssetId, u16
);

/// What a venue speaks: message layouts, paths, limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Protocol {
    /// Binance spot.
    BinanceSpot = 0,
    /// Binance USD-M futures.
    BinanceUsdm = 1,
    /// Binance COIN-M futures.
    BinanceCoinm = 2,
    /// MEXC spot.
    MexcSpot = 3,
}

impl Protocol {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 4] = [Self::BinanceSpot, Self::BinanceUsdm, Self::BinanceCoinm, Self::MexcSpot];

    /// Binance's: what an engine reads so far.
    pub const BINANCE: [Self; 3] = [Self::BinanceSpot, Self::BinanceUsdm, Self::BinanceCoinm];

    /// The name used in the config.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::BinanceSpot => "binance-spot",
            Self::BinanceUsdm => "binance-usdm",
            Self::BinanceCoinm => "binance-coinm",
            Self::MexcSpot => "mexc-spot",
        }
    }

    /// The protocol of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|p| p.name() == name)
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a contract is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Kind {
    /// The base asset itself, against the quote asset.
    Spot = 0,
    /// A contract on the base asset, settled in the quote asset; quantities are in base units.
    Linear = 1,
    /// A contract worth a fixed sum of the quote asset, settled in the base asset; quantities are contracts.
    Inverse = 2,
}

impl Kind {
    /// The name used in the config.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Spot => "spot",
            Self::Linear => "linear",
            Self::Inverse => "inverse",
        }
    }

    /// The kind of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Spot, Self::Linear, Self::Inverse].into_iter().find(|k| k.name() == name)
    }
}

/// Decimals of prices and quantities, shared by all instruments of a market.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Scale {
    /// A price mantissa is at 10^-this.
    pub price_decimals: u8,
    /// A quantity mantissa is at 10^-this.
    pub quantity_decimals: u8,
}

impl Scale {
    /// What is used where nothing is known: 8 and 8.
    pub const DEFAULT: Self = Self { price_decimals: 8, quantity_decimals: 8 };

    /// A scale, unless the two add up to more than [`MAX_DECIMALS`].
    #[must_use]
    pub const fn new(price_decimals: u8, quantity_decimals: u8) -> Option<Self> {
        if price_decimals as u16 + quantity_decimals as u16 <= MAX_DECIMALS as u16 {
            Some(Self { price_decimals, quantity_decimals })
        } else {
            None
        }
    }

    /// What price mantissa × quantity mantissa is multiplied by to be an [`Amount`].
    #[inline]
    #[must_use]
    pub const fn notional_factor(self) -> i128 {
        pow10_i128((AMOUNT_DECIMALS - self.price_decimals - self.quantity_decimals) as u32)
    }

    /// A price mantissa as text-ready decimal.
    #[must_use]
    pub const fn price(self, mantissa: i64) -> Decimal {
        Decimal::new(mantissa as i128, self.price_decimals)
    }

    /// A quantity mantissa as text-ready decimal.
    #[must_use]
    pub const fn quantity(self, mantissa: i64) -> Decimal {
        Decimal::new(mantissa as i128, self.quantity_decimals)
    }
}

/// One tradable contract on one venue. Mantissas are at [`Instrument::scale`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instrument {
    /// Its index.
    pub id: InstrumentId,
    /// Where it trades.
    pub venue: VenueId,
    /// The venue's spelling, upper case.
    pub symbol: Box<str>,
    /// What is bought and sold.
    pub base: AssetId,
    /// What prices are in.
    pub quote: AssetId,
    /// What profit and loss are settled in.
    pub settle: AssetId,
    /// What a contract is worth.
    pub kind: Kind,
    /// Inverse: quote units that one contract is worth, as an amount. Spot and linear: one.
    pub contract_size: Amount,
    /// Decimals of the mantissas.
    pub scale: Scale,
    /// Smallest price increment; 1 at least.
    pub price_step: i64,
    /// Smallest quantity increment (contracts where inverse); 1 at least.
    pub quantity_step: i64,
    /// Least quantity of an order (contracts where inverse).
    pub min_quantity: i64,
    /// Least notional of an order, in the quote asset.
    pub min_notional: Amount,
    /// The market it belongs to, if any.
    pub market: Option<MarketId>,
}

impl Instrument {
    /// What `quantity` is worth in the quote asset at `price`: price × quantity, or contracts × contract size.
    ///
    /// `None` when it overflows.
    #[inline]
    #[must_use]
    pub fn notional(&self, price: i64, quantity: i64) -> Option<Amount> {
        match self.kind {
            Kind::Spot | Kind::Linear => Amount::notional(price, quantity, self.scale),
            Kind::Inverse => self
                .contract_size
                .0
                .checked_mul(i128::from(quantity))
                .map(|n| Amount(n.div_euclid(pow10_i128(u32::from(self.scale.quantity_decimals))))),
        }
    }

    /// `quantity` in base units at the instrument's quantity scale, rounded down:
    /// itself, or floor(contracts × contract size / price) where inverse.
    ///
    /// `None` when it overflows, or an inverse price is not positive.
    #[inline]
    #[must_use]
    pub fn base_quantity(&self, price: i64, quantity: i64) -> Option<i64> {
        match self.kind {
            Kind::Spot | Kind::Linear => Some(quantity),
            Kind::Inverse => {
                if price <= 0 {
                    return None;
                }
                // contracts(10^-q) × size(1e-16) / price(10^-p), at 10^-q: the q's cancel. The powers of ten are
                // reduced, or 17 000 contracts of 100 at the scale 8 and 8 would overflow.
                let up = self.contract_size.0.checked_mul(i128::from(quantity))?;
                let down = i128::from(price).checked_mul(self.price_to_amount())?;
                up.div_euclid(down).try_into().ok()
            }
        }
    }

    /// How many contracts (or base units) `base` base units are worth at `price`, rounded down to the quantity step.
    ///
    /// `None` when it overflows, or an inverse price is not positive.
    #[inline]
    #[must_use]
    pub fn quantity_for_base(&self, price: i64, base: i64) -> Option<i64> {
        let quantity = match self.kind {
            Kind::Spot | Kind::Linear => base,
            Kind::Inverse => {
                if price <= 0 || self.contract_size.0 <= 0 {
                    return None;
                }
                let up = i128::from(base).checked_mul(i128::from(price))?;
                let up = up.checked_mul(self.price_to_amount())?;
                i64::try_from(up.div_euclid(self.contract_size.0)).ok()?
            }
        };
        Some(quantity - quantity.rem_euclid(self.quantity_step.max(1)))
    }

    /// What a price mantissa is multiplied by to be an [`Amount`].
    const fn price_to_amount(&self) -> i128 {
        pow10_i128((AMOUNT_DECIMALS - self.scale.price_decimals) as u32)
    }
}

/// In which asset a venue takes its fee.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FeeAsset {
    /// Always the quote asset (inverse: the settle asset).
    Quote,
    /// What the order receives: base when buying, quote when selling. Spot only.
    Received,
    /// A named asset, valued through `[risk] rates`.
    Named(AssetId),
}

/// What a venue charges, at 1e-8 of the notional: 10 bps is 100 000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fees {
    /// For an order that rested.
    pub maker_e8: i64,
    /// For an order that took.
    pub taker_e8: i64,
    /// The asset it is charged in.
    pub asset: FeeAsset,
}

/// A place that takes orders and publishes data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Venue {
    /// Its index.
    pub id: VenueId,
    /// Our name for it.
    pub name: Box<str>,
    /// What it speaks.
    pub protocol: Protocol,
    /// What it charges.
    pub fees: Fees,
}

/// The same pair on several venues.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Market {
    /// Its index.
    pub id: MarketId,
    /// Our name for it.
    pub name: Box<str>,
    /// One instrument a venue, in the config's order of venues.
    pub instruments: Vec<InstrumentId>,
    /// Decimals of all its prices and quantities.
    pub scale: Scale,
}
