//! Lines of a file of rows, and their fields: one row a line, so that neither a long line nor a stray quote makes a row
//! of more than [`LINE_BYTES_MAX`]. Hot while reading.

use std::io::{self, BufRead, Read};

use ::csv::ByteRecord;

use super::super::bytes::Text;

/// Longest line of a file of rows.
pub(super) const LINE_BYTES_MAX: usize = 1 << 16;
/// What some programs put in front of UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";
/// Rows whose line ends are looked at: a header, and what follows it.
const LOOK_ROWS: u8 = 2;

/// A text, read line by line into a buffer that is reused.
pub(super) struct Lines {
    text: Text,
    buffer: Vec<u8>,
    scratch: Vec<u8>,
    line: u64,
    /// Rows whose line ends are still to be looked at.
    look: u8,
}

impl Lines {
    /// The lines of `text`.
    pub fn new(text: Text) -> Self {
        Self { text, buffer: Vec::new(), scratch: Vec::new(), line: 0, look: LOOK_ROWS }
    }

    /// The number of the line read last, from 1.
    pub const fn line(&self) -> u64 {
        self.line
    }

    /// Reads the fields of the next line into `record`; `false` at the end. Blank lines are passed over.
    ///
    /// # Errors
    /// When the text cannot be read on, a line is too long, or a quoted field does not end on its line; also when lines
    /// end with CR alone.
    #[inline]
    pub fn read(&mut self, record: &mut ByteRecord) -> io::Result<bool> {
        loop {
            self.line += 1;
            self.buffer.clear();
            // With room for the line's end, and a byte that tells a line which is too long.
            let most = LINE_BYTES_MAX as u64 + 3;
            if self.text.by_ref().take(most).read_until(b'\n', &mut self.buffer)? == 0 {
                record.clear();
                return Ok(false);
            }
            let mut line = self.buffer.as_slice();
            line = line.strip_suffix(b"\n").unwrap_or(line);
            line = line.strip_suffix(b"\r").unwrap_or(line);
            if (self.look > 0 || line.len() > LINE_BYTES_MAX) && ends_with_cr(line) {
                return Err(bad("line ends are CR alone, as on old Macs; convert them: tr '\\r' '\\n'".to_owned()));
            }
            if line.len() > LINE_BYTES_MAX {
                return Err(bad(format!("a line of over {LINE_BYTES_MAX} bytes: no file of rows")));
            }
            if self.line == 1 {
                line = line.strip_prefix(MARK).unwrap_or(line);
            }
            if !line.is_empty() {
                self.look = self.look.saturating_sub(1);
                return if fields(line, record, &mut self.scratch) {
                    Ok(true)
                } else {
                    Err(bad("a quoted field does not end on its line; a row is one line".to_owned()))
                };
            }
        }
    }
}

/// Whether a line is several that end with CR alone: one stands outside of quotes, and more behind it.
#[cold]
fn ends_with_cr(line: &[u8]) -> bool {
    let mut quoted = false;
    line.trim_ascii_end().iter().any(|byte| {
        quoted ^= *byte == b'"';
        *byte == b'\r' && !quoted
    })
}

/// Splits a line at its commas; `false` when a quoted field does not end. Quotes count at the beginning of a field
/// alone; within quotes two of them are one. `scratch` is memory to be used.
#[inline]
fn fields(line: &[u8], record: &mut ByteRecord, scratch: &mut Vec<u8>) -> bool {
    record.clear();
    let mut rest = line;
    loop {
        let end = if let Some(text) = rest.strip_prefix(b"\"") {
            scratch.clear();
            let Some(behind) = quoted(text, scratch) else { return false };
            record.push_field(scratch);
            behind
        } else {
            let (field, behind) = rest.split_at(comma(rest));
            record.push_field(field);
            behind
        };
        match end.split_first() {
            Some((_comma, more)) => rest = more,
            None => return true,
        }
    }
}

/// Where the next comma is, or the end.
#[inline]
fn comma(text: &[u8]) -> usize {
    text.iter().position(|b| *b == b',').unwrap_or(text.len())
}

/// Adds a quoted field, from behind its opening quote, to `field`; what follows it, from the comma on. What stands
/// between the closing quote and the comma belongs to it.
fn quoted<'t>(text: &'t [u8], field: &mut Vec<u8>) -> Option<&'t [u8]> {
    let mut rest = text;
    loop {
        let quote = rest.iter().position(|b| *b == b'"')?;
        field.extend_from_slice(&rest[..quote]);
        rest = &rest[quote + 1..];
        match rest.strip_prefix(b"\"") {
            Some(more) => {
                field.push(b'"');
                rest = more;
            }
            None => break,
        }
    }
    let (tail, behind) = rest.split_at(comma(rest));
    field.extend_from_slice(tail);
    Some(behind)
}

fn bad(text: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The fields of a line; `None` where one does not end on it.
    fn split(line: &str) -> Option<Vec<String>> {
        let mut record = ByteRecord::new();
        fields(line.as_bytes(), &mut record, &mut Vec::new())
            .then(|| record.iter().map(|f| String::from_utf8_lossy(f).into_owned()).collect())
    }

    #[test]
    fn a_line_is_split_as_the_csv_crate_splits_it() {
        for line in [
            "1,2,3",
            "1,,3,",
            ",",
            "\"1\",\"2,5\",3",
            "\"a\"\"b\",2",
            "\"\",x",
            "\"\"",
            "\"a\"b,c",
            "\"a\" ,c",
            "a\"b,c\"",
            "1,2\"",
            " \"1\",2",
            "\"\"\"\",1",
        ] {
            let mut reader = ::csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(line.as_bytes());
            let theirs: Vec<String> = reader.records().next().unwrap().unwrap().iter().map(str::to_owned).collect();
            assert_eq!(split(line), Some(theirs), "{line}");
        }
        for open in ["\"", "1,\"2", "\"a\"\"", "\"a\"\"b,c", "1,\"2,3,4"] {
            assert_eq!(split(open), None, "{open}");
        }
    }

    #[test]
    fn lines_are_counted_as_they_stand_in_the_file() {
        let text = "\u{feff}a,b\r\n\r\n\n1,2\r\n3,4\n5,\"6\n7\",8\n";
        let mut lines = Lines::new(Box::new(io::Cursor::new(text.as_bytes().to_vec())));
        let mut record = ByteRecord::new();
        let mut seen = Vec::new();
        let error = loop {
            match lines.read(&mut record) {
                Ok(more) => seen.push((more, lines.line(), record.iter().collect::<Vec<_>>().join(&b'|'))),
                Err(error) => break error.to_string(),
            }
        };
        assert_eq!(seen, [(true, 1, b"a|b".to_vec()), (true, 4, b"1|2".to_vec()), (true, 5, b"3|4".to_vec())]);
        assert!(lines.line() == 6 && error.contains("does not end on its line"), "{} {error}", lines.line());
    }

    #[test]
    fn a_line_may_have_64_kib_and_no_more() {
        for (bytes, end, fits) in
            [(LINE_BYTES_MAX, "\r\n", true), (LINE_BYTES_MAX, "", true), (LINE_BYTES_MAX + 1, "\n", false)]
        {
            let text = "9".repeat(bytes) + end;
            let mut lines = Lines::new(Box::new(io::Cursor::new(text.into_bytes())));
            assert_eq!(lines.read(&mut ByteRecord::new()).is_ok(), fits, "{bytes} {end:?}");
        }
    }
}
