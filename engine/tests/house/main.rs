//! The house keeps its shape, and its pages say what is so.

mod architecture;
mod docs;
mod scripts;
