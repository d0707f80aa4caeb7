//! One table on disk: rows of typed cells in, Parquet, Arrow or CSV out. Cold.
//!
//! Three rules hold for every table. Prices, quantities and amounts are `decimal(38, 16)`, in which each of ours is
//! exact. Times are whole ns since the epoch in columns whose names end in `_ns`. What is not known is null (CSV:
//! empty).

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::builder::{BooleanBuilder, Decimal128Builder, Int64Builder, StringBuilder, UInt64Builder};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef};
use crosstick_model::amount::AMOUNT_DECIMALS;
use crosstick_model::{Amount, Decimal};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use thiserror::Error;

/// Digits of a decimal cell in all; the most that 128 bits are sure to hold.
pub const DECIMAL_DIGITS: u8 = 38;
/// Decimals of a decimal cell: those of an [`Amount`], and no price or quantity has more.
pub const DECIMAL_SCALE: i8 = AMOUNT_DECIMALS as i8;

/// Rows that are gathered before they are written.
const BATCH_ROWS: usize = 1 << 16;

/// What a table is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Apache Parquet, zstd-compressed; pandas, polars, DuckDB and Spark read it.
    Parquet,
    /// Comma-separated text with a header; decimals in full, nulls empty.
    Csv,
    /// An Arrow IPC file (also known as Feather 2), uncompressed, to be mapped into memory.
    Arrow,
}

impl Format {
    /// The ending of its files.
    #[must_use]
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::Csv => "csv",
            Self::Arrow => "arrow",
        }
    }
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// A count, an id, or a time in ns: u64.
    Count,
    /// A signed number: i64.
    Int,
    /// An exact decimal.
    Decimal,
    /// Text, UTF-8.
    Text,
    /// Yes or no.
    Flag,
}

/// A column: its name and what it holds.
pub type Column<'a> = (&'a str, Type);

/// One value of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell<'a> {
    /// Not known, or of no meaning here.
    Null,
    /// Of a [`Type::Count`] column.
    Count(u64),
    /// Of a [`Type::Int`] column.
    Int(i64),
    /// Of a [`Type::Decimal`] column.
    Decimal(Decimal),
    /// Of a [`Type::Text`] column.
    Text(&'a str),
    /// Of a [`Type::Flag`] column.
    Flag(bool),
}

impl From<Amount> for Cell<'_> {
    fn from(amount: Amount) -> Self {
        Self::Decimal(amount.to_decimal())
    }
}

impl<'a, T: Into<Cell<'a>>> From<Option<T>> for Cell<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl From<u64> for Cell<'_> {
    fn from(count: u64) -> Self {
        Self::Count(count)
    }
}

impl From<i64> for Cell<'_> {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<Decimal> for Cell<'_> {
    fn from(number: Decimal) -> Self {
        Self::Decimal(number)
    }
}

impl<'a> From<&'a str> for Cell<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for Cell<'_> {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

/// Why a table cannot be written.
#[derive(Debug, Error)]
pub enum TableError {
    /// The file cannot be made or written.
    #[error("{path}: {source}", path = .path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The library refuses it.
    #[error("{path}: {text}", path = .path.display())]
    Library {
        /// Which file.
        path: PathBuf,
        /// What it said.
        text: String,
    },
    /// A number beyond decimal(38, 16).
    #[error("{path}: {value} in column {column} does not fit a decimal of 38 digits with 16 decimals", path = .path.display())]
    TooLarge {
        /// Which file.
        path: PathBuf,
        /// Which column.
        column: String,
        /// The number.
        value: Decimal,
    },
}

/// A table that is being written.
pub struct Table {
    path: PathBuf,
    names: Vec<String>,
    sink: Sink,
    rows: u64,
}

enum Sink {
    Csv(BufWriter<File>),
    Batches { builders: Vec<Builder>, waiting: usize, schema: SchemaRef, file: Box<BatchFile> },
}

enum BatchFile {
    Parquet(ArrowWriter<File>),
    Arrow(arrow_ipc::writer::FileWriter<BufWriter<File>>),
}

enum Builder {
    Count(UInt64Builder),
    Int(Int64Builder),
    Decimal(Decimal128Builder),
    Text(StringBuilder),
    Flag(BooleanBuilder),
}

impl Table {
    /// Makes `NAME.ENDING` in `dir`, over what is there.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn create(dir: &Path, name: &str, columns: &[Column<'_>], format: Format) -> Result<Self, TableError> {
        let path = dir.join(format!("{name}.{}", format.ending()));
        let file = File::create(&path).map_err(|source| TableError::Io { path: path.clone(), source })?;
        let sink = match format {
            Format::Csv => {
                let mut file = BufWriter::new(file);
                let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
                writeln!(file, "{}", names.join(",")).map_err(|e| io_error(&path, e))?;
                Sink::Csv(file)
            }
            Format::Parquet | Format::Arrow => {
                let fields: Vec<Field> =
                    columns.iter().map(|(name, kind)| Field::new(*name, kind.arrow(), true)).collect();
                let schema: SchemaRef = Arc::new(Schema::new(fields));
                let builders = columns.iter().map(|(_, kind)| Builder::new(*kind)).collect();
                let writer = if format == Format::Parquet {
                    let properties =
                        WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::default())).build();
                    ArrowWriter::try_new(file, Arc::clone(&schema), Some(properties))
                        .map(BatchFile::Parquet)
                        .map_err(|e| library_error(&path, e))?
                } else {
                    arrow_ipc::writer::FileWriter::try_new(BufWriter::new(file), &schema)
                        .map(BatchFile::Arrow)
                        .map_err(|e| library_error(&path, e))?
                };
                Sink::Batches { builders, waiting: 0, schema, file: Box::new(writer) }
            }
        };
        let names = columns.iter().map(|(name, _)| (*name).to_owned()).collect();
        Ok(Self { path, names, sink, rows: 0 })
    }

    /// Adds a row: a cell for each column, in their order.
    ///
    /// # Errors
    /// When the file cannot be written, or a number does not fit.
    ///
    /// # Panics
    /// When a cell is of another type than its column.
    pub fn row(&mut self, cells: &[Cell<'_>]) -> Result<(), TableError> {
        assert_eq!(cells.len(), self.names.len(), "a cell for each column of {}", self.path.display());
        self.rows += 1;
        match &mut self.sink {
            Sink::Csv(file) => csv_row(file, cells).map_err(|e| io_error(&self.path, e))?,
            Sink::Batches { builders, waiting, .. } => {
                for ((builder, cell), name) in builders.iter_mut().zip(cells).zip(&self.names) {
                    builder.add(cell).map_err(|value| {
                        let path = self.path.clone();
                        TableError::TooLarge { path, column: name.clone(), value }
                    })?;
                }
                *waiting += 1;
                if *waiting == BATCH_ROWS {
                    self.flush()?;
                }
            }
        }
        Ok(())
    }

    /// Ends the file; returns its rows.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn finish(mut self) -> Result<u64, TableError> {
        self.flush()?;
        match self.sink {
            Sink::Csv(mut file) => file.flush().map_err(|e| io_error(&self.path, e))?,
            Sink::Batches { file, .. } => match *file {
                BatchFile::Parquet(writer) => {
                    writer.close().map_err(|e| library_error(&self.path, e))?;
                }
                BatchFile::Arrow(mut writer) => {
                    writer.finish().map_err(|e| library_error(&self.path, e))?;
                    writer
                        .into_inner()
                        .and_then(|mut f| f.flush().map_err(ArrowError::from))
                        .map_err(|e| library_error(&self.path, e))?;
                }
            },
        }
        Ok(self.rows)
    }

    fn flush(&mut self) -> Result<(), TableError> {
        let Sink::Batches { builders, waiting, schema, file } = &mut self.sink else { return Ok(()) };
        if *waiting == 0 {
            return Ok(());
        }
        *waiting = 0;
        let arrays: Vec<ArrayRef> = builders.iter_mut().map(Builder::finish).collect();
        let batch = RecordBatch::try_new(Arc::clone(schema), arrays).map_err(|e| library_error(&self.path, e))?;
        match file.as_mut() {
            BatchFile::Parquet(writer) => writer.write(&batch).map_err(|e| library_error(&self.path, e)),
            BatchFile::Arrow(writer) => writer.write(&batch).map_err(|e| library_error(&self.path, e)),
        }
    }
}

impl Type {
    fn arrow(self) -> DataType {
        match self {
            Self::Count => DataType::UInt64,
            Self::Int => DataType::Int64,
            Self::Decimal => DataType::Decimal128(DECIMAL_DIGITS, DECIMAL_SCALE),
            Self::Text => DataType::Utf8,
            Self::Flag => DataType::Boolean,
        }
    }
}

impl Builder {
    fn new(kind: Type) -> Self {
        match kind {
            Type::Count => Self::Count(UInt64Builder::new()),
            Type::Int => Self::Int(Int64Builder::new()),
            Type::Decimal => Self::Decimal(Decimal128Builder::new().with_data_type(Type::Decimal.arrow())),
            Type::Text => Self::Text(StringBuilder::new()),
            Type::Flag => Self::Flag(BooleanBuilder::new()),
        }
    }

    /// Adds a cell; gives a number back that does not fit.
    fn add(&mut self, cell: &Cell<'_>) -> Result<(), Decimal> {
        match (self, cell) {
            (Self::Count(to), Cell::Null) => to.append_null(),
            (Self::Int(to), Cell::Null) => to.append_null(),
            (Self::Decimal(to), Cell::Null) => to.append_null(),
            (Self::Text(to), Cell::Null) => to.append_null(),
            (Self::Flag(to), Cell::Null) => to.append_null(),
            (Self::Count(to), Cell::Count(value)) => to.append_value(*value),
            (Self::Int(to), Cell::Int(value)) => to.append_value(*value),
            (Self::Decimal(to), Cell::Decimal(value)) => to.append_value(mantissa(*value).ok_or(*value)?),
            (Self::Text(to), Cell::Text(value)) => to.append_value(value),
            (Self::Flag(to), Cell::Flag(value)) => to.append_value(*value),
            (_, cell) => panic!("{cell:?} is of another type than its column"),
        }
        Ok(())
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Count(from) => Arc::new(from.finish()),
            Self::Int(from) => Arc::new(from.finish()),
            Self::Decimal(from) => Arc::new(from.finish()),
            Self::Text(from) => Arc::new(from.finish()),
            Self::Flag(from) => Arc::new(from.finish()),
        }
    }
}

/// The mantissa at 1e-16, if 38 digits hold it.
fn mantissa(value: Decimal) -> Option<i128> {
    const BOUND: i128 = 10i128.pow(DECIMAL_DIGITS as u32);
    value.at_scale_i128(AMOUNT_DECIMALS).filter(|m| (-BOUND < *m) && (*m < BOUND))
}

fn csv_row(file: &mut impl Write, cells: &[Cell<'_>]) -> io::Result<()> {
    for (i, cell) in cells.iter().enumerate() {
        if i > 0 {
            file.write_all(b",")?;
        }
        match cell {
            Cell::Null => {}
            Cell::Count(value) => write!(file, "{value}")?,
            Cell::Int(value) => write!(file, "{value}")?,
            Cell::Decimal(value) => write!(file, "{value}")?,
            Cell::Flag(value) => write!(file, "{value}")?,
            Cell::Text(text) if text.contains([',', '"', '\n', '\r']) => {
                write!(file, "\"{}\"", text.replace('"', "\"\""))?;
            }
            Cell::Text(text) => file.write_all(text.as_bytes())?,
        }
    }
    file.write_all(b"\n")
}

fn io_error(path: &Path, source: io::Error) -> TableError {
    TableError::Io { path: path.to_path_buf(), source }
}

fn library_error(path: &Path, error: impl std::fmt::Display) -> TableError {
    TableError::Library { path: path.to_path_buf(), text: error.to_string() }
}
