//! COLD: records that describe themselves. `records!` declares a record once; its Rust struct, the schema inside the
//! region, the C header and the page of documentation all come from that declaration.

/// A struct of a region, with its description.
pub trait Record: crosstick_ring::Pod {
    /// Its description.
    const SPEC: RecordSpec;
}

/// What a record consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordSpec {
    /// Name of the Rust struct.
    pub rust_name: &'static str,
    /// What it is, as written on the struct.
    pub doc: &'static str,
    /// Bytes of a value, what is reserved included.
    pub bytes: usize,
    /// Its fields, by offset, what is reserved left out.
    pub fields: &'static [Field],
}

impl RecordSpec {
    /// Its name in the schema: that of the Rust struct without `Row`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.rust_name.strip_suffix("Row").unwrap_or(self.rust_name)
    }

    /// The fields that have a meaning.
    pub fn described(&self) -> impl Iterator<Item = &'static Field> {
        self.fields.iter().filter(|f| !f.name.starts_with("reserved"))
    }
}

/// A field of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// Name.
    pub name: &'static str,
    /// What it is, as written on the field.
    pub doc: &'static str,
    /// What its bytes are.
    pub kind: FieldType,
    /// Bytes from the begin of the value.
    pub offset: usize,
    /// Bytes of one element, or of the whole text.
    pub bytes: usize,
    /// Elements of an array; 1 for everything else.
    pub length: usize,
    /// What it means.
    pub meta: Meta,
}

/// What a field's bytes are, little-endian.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldType {
    /// Unsigned, of that many bits.
    Unsigned(u8),
    /// Two's complement, of that many bits.
    Signed(u8),
    /// Zero-padded UTF-8.
    Text,
}

impl FieldType {
    /// Its name in the schema.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unsigned(8) => "u8",
            Self::Unsigned(16) => "u16",
            Self::Unsigned(32) => "u32",
            Self::Unsigned(_) => "u64",
            Self::Signed(8) => "i8",
            Self::Signed(16) => "i16",
            Self::Signed(32) => "i32",
            Self::Signed(64) => "i64",
            Self::Signed(_) => "i128",
            Self::Text => "text",
        }
    }
}

/// Where the decimals of a number come from: its value is the integer times 10^-decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decimals {
    /// A whole number.
    None,
    /// The same for all.
    Fixed(u8),
    /// From a field of another table.
    Of {
        /// Table.
        table: &'static str,
        /// Its field that holds the decimals.
        field: &'static str,
        /// `row`: the row of the same index. Otherwise the field of this record that holds the index.
        by: &'static str,
    },
}

/// What a field means, beyond its type. Made by the functions of this module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meta {
    text: bool,
    wide: bool,
    /// Unit, or nothing for a plain number.
    pub unit: &'static str,
    /// Decimals.
    pub decimals: Decimals,
    /// Name of the enumeration that its numbers belong to.
    pub enumeration: &'static str,
    /// Names of its bits.
    pub bits: &'static [(&'static str, u32)],
    /// Table whose row it is the index of.
    pub refers: &'static str,
    /// Enumeration or table that an array's index belongs to.
    pub index: &'static str,
}

/// A plain number.
pub const PLAIN: Meta = Meta {
    text: false,
    wide: false,
    unit: "",
    decimals: Decimals::None,
    enumeration: "",
    bits: &[],
    refers: "",
    index: "",
};
/// Zeros, kept for fields to come.
pub const RESERVED: Meta = PLAIN;
/// Zero-padded UTF-8.
pub const TEXT: Meta = Meta { text: true, ..PLAIN };
/// A time of the wall clock.
pub const TIME: Meta = unit("ns since epoch");
/// An edge.
pub const EDGE: Meta = unit("ppm");

/// A number of that unit.
#[must_use]
pub const fn unit(unit: &'static str) -> Meta {
    Meta { unit, ..PLAIN }
}

/// An amount at 1e-16 in two words, of that unit.
#[must_use]
pub const fn amount(unit: &'static str) -> Meta {
    Meta { wide: true, unit, decimals: Decimals::Fixed(crosstick_model::amount::AMOUNT_DECIMALS), ..PLAIN }
}

/// A 128-bit number in two words, whose decimals stand in a field of the same row.
#[must_use]
pub const fn wide_by(table: &'static str, field: &'static str) -> Meta {
    Meta { wide: true, decimals: Decimals::Of { table, field, by: "row" }, ..PLAIN }
}

/// A number with that many decimals.
#[must_use]
pub const fn fixed(decimals: u8, unit: &'static str) -> Meta {
    Meta { unit, decimals: Decimals::Fixed(decimals), ..PLAIN }
}

/// A price of the instrument that `by` names.
#[must_use]
pub const fn price(by: &'static str) -> Meta {
    Meta { unit: "price", decimals: Decimals::Of { table: "instruments", field: "price_decimals", by }, ..PLAIN }
}

/// A quantity of the instrument that `by` names.
#[must_use]
pub const fn quantity(by: &'static str) -> Meta {
    Meta { unit: "quantity", decimals: Decimals::Of { table: "instruments", field: "quantity_decimals", by }, ..PLAIN }
}

/// A price of the market in field `market`.
pub const MARKET_PRICE: Meta =
    Meta { unit: "price", decimals: Decimals::Of { table: "markets", field: "price_decimals", by: "market" }, ..PLAIN };
/// A quantity of the market in field `market`, in base units.
pub const MARKET_QUANTITY: Meta = Meta {
    unit: "base units",
    decimals: Decimals::Of { table: "markets", field: "quantity_decimals", by: "market" },
    ..PLAIN
};

/// A number of that enumeration.
#[must_use]
pub const fn of_enum(enumeration: &'static str) -> Meta {
    Meta { enumeration, ..PLAIN }
}

/// Bits with names.
#[must_use]
pub const fn bits(bits: &'static [(&'static str, u32)]) -> Meta {
    Meta { bits, ..PLAIN }
}

/// An index into that table.
#[must_use]
pub const fn refers(table: &'static str) -> Meta {
    Meta { refers: table, ..PLAIN }
}

/// An array with an element for each number of that enumeration.
#[must_use]
pub const fn by_enum(enumeration: &'static str) -> Meta {
    Meta { index: enumeration, ..PLAIN }
}

/// What the fields of a record may be made of.
pub trait Element {
    /// What one element's bytes are.
    const TYPE: FieldType;
    /// Elements.
    const LENGTH: usize = 1;
}

macro_rules! elements {
    ($($int:ty => $kind:expr),*) => {$(
        impl Element for $int {
            const TYPE: FieldType = $kind;
        }
    )*};
}
elements!(
    u8 => FieldType::Unsigned(8), u16 => FieldType::Unsigned(16), u32 => FieldType::Unsigned(32),
    u64 => FieldType::Unsigned(64), i32 => FieldType::Signed(32), i64 => FieldType::Signed(64)
);

impl<T: Element, const N: usize> Element for [T; N] {
    const TYPE: FieldType = T::TYPE;
    const LENGTH: usize = N;
}

impl Field {
    /// The field of Rust type `T` at `offset`.
    ///
    /// # Panics
    /// At compile time, if an amount has other than two words.
    #[must_use]
    pub const fn new<T: Element>(name: &'static str, doc: &'static str, offset: usize, meta: Meta) -> Self {
        let size = size_of::<T>();
        let (kind, bytes, length) = if meta.text {
            (FieldType::Text, size, 1)
        } else if meta.wide {
            assert!(size == 16, "an amount has two words");
            (FieldType::Signed(128), 16, 1)
        } else {
            (T::TYPE, size / T::LENGTH, T::LENGTH)
        };
        Self { name, doc, kind, offset, bytes, length, meta }
    }
}

/// Declares records: `pub struct` with a documentation sentence and a meaning (`= META`) for each field. The structs
/// are `repr(C)` without padding, see [`crosstick_ring::pod!`].
macro_rules! records {
    ($(
        $(#[doc = $doc:literal])+
        pub struct $name:ident {
            $($(#[doc = $field_doc:literal])+ pub $field:ident : $type:ty = $meta:expr,)*
        }
    )*) => {
        crosstick_ring::pod! {$(
            $(#[doc = $doc])+
            pub struct $name {
                $($(#[doc = $field_doc])+ pub $field: $type,)*
            }
        )*}

        $(impl $crate::layout::Record for $name {
            const SPEC: $crate::layout::RecordSpec = $crate::layout::RecordSpec {
                rust_name: stringify!($name),
                doc: concat!($($doc),+),
                bytes: size_of::<$name>(),
                fields: &[$(
                    $crate::layout::Field::new::<$type>(
                        stringify!($field),
                        concat!($($field_doc),+),
                        core::mem::offset_of!($name, $field),
                        $meta,
                    ),
                )*],
            };
        })*
    };
}
pub(crate) use records;
