//! What sessions hold as tables for other programs: Parquet, Arrow and CSV. **Thread:** main, cold.
//!
//! `table` is one file; `columns` says which there are; `rows` names what numbers mean; `trail` puts decisions and
//! reports together; `journal` exports a journalled session; `staged` is a folder that appears whole, `place`
//! where it may.

pub mod columns;
pub mod journal;
pub mod place;
pub mod rows;
pub mod staged;
pub mod table;
pub mod trail;

pub use table::{Cell, Column, Format, Table, TableError};
pub use trail::Trail;
