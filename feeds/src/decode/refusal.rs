//! Why a frame was refused: one small `Copy` value, one counter each.

use crosstick_model::{DecimalError, InstrumentId};

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $code:literal,)*) => {
        /// Why a frame carried nothing that could be used.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Reason {
            $($(#[$doc])* $name,)*
        }

        impl Reason {
            /// Every reason, in the order of their numbers.
            pub const ALL: [Self; Self::COUNT] = [$(Self::$name,)*];
            /// How many reasons there are.
            pub const COUNT: usize = [$($code,)*].len();

            /// The reason as reports spell it.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self {
                    $(Self::$name => $code,)*
                }
            }
        }
    };
}

reasons! {
    /// The text ends before its JSON value does.
    Truncated = "truncated",
    /// What does not even begin like JSON: HTML, compressed or other binary bytes.
    NotJson = "not_json",
    /// Broken JSON.
    MalformedJson = "malformed_json",
    /// A JSON number that no 64-bit float holds, or that is misspelt.
    BadNumber = "bad_number",
    /// Bytes that are no UTF-8.
    InvalidUtf8 = "invalid_utf8",
    /// Nested deeper than [`super::MAX_DEPTH`].
    TooDeep = "too_deep",
    /// Longer than [`super::MAX_FRAME_BYTES`].
    TooLong = "too_long",
    /// A field of another JSON type than documented.
    WrongType = "wrong_type",
    /// A field that the message needs is not there.
    MissingField = "missing_field",
    /// Good JSON that is no message of this venue.
    Unrecognised = "unrecognised",
    /// A price or a quantity that is not spelt `digits[.digits]`.
    BadDecimal = "bad_decimal",
    /// A number beyond the range of its field.
    NumberTooLarge = "number_too_large",
    /// More decimals than the instrument's scale holds.
    TooPrecise = "too_precise",
    /// A price, a quantity, an id or a time below zero.
    Negative = "negative",
    /// A market trade with a price or a quantity of zero.
    Zero = "zero",
    /// A time with another number of digits than the connection's time unit has.
    WrongTimeUnit = "wrong_time_unit",
    /// A message of an instrument that is not configured.
    UnknownSymbol = "unknown_symbol",
    /// A binary message where the venue sends text (counted by the transport).
    BinaryFrame = "binary_frame",
}

impl From<DecimalError> for Reason {
    fn from(error: DecimalError) -> Self {
        match error {
            DecimalError::Empty | DecimalError::Malformed => Self::BadDecimal,
            DecimalError::TooPrecise => Self::TooPrecise,
            DecimalError::TooLarge => Self::NumberTooLarge,
        }
    }
}

/// A refused frame: why, and of which instrument where that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Refusal {
    /// Why.
    pub reason: Reason,
    /// The instrument that the frame named, when it got that far.
    pub instrument: Option<InstrumentId>,
}

impl Refusal {
    /// The reason as reports spell it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        self.reason.code()
    }
}

impl From<Reason> for Refusal {
    fn from(reason: Reason) -> Self {
        Self { reason, instrument: None }
    }
}
