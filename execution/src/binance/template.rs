//! HOT. A request laid out once: text that stays, fields that each order writes anew, and the frame around it.

use super::digits::{above_eight, put_low_eight, put_right};
use super::sign::Signer;

/// Header of a masked frame whose length takes two bytes: these requests always have between 126 and 65,535.
const HEADER: usize = 8;
const TEXT_FINAL: u8 = 0x81;
const MASKED_TWO_BYTES: u8 = 0x80 | 126;

/// What varies from order to order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slot {
    /// The order's number in the request's id.
    Request,
    /// Our name for the order.
    ClientId,
    Price,
    Quantity,
    Side,
    TimeInForce,
    Timestamp,
    Signature,
}

const SLOTS: usize = 8;

/// Where a slot is: the field, and the value at its end.
#[derive(Debug, Clone, Copy, Default)]
struct Field {
    start: usize,
    end: usize,
    /// Where the value begins now.
    value: usize,
    /// The value stands between quotes, the first of which moves with it.
    quoted: bool,
}

impl Field {
    /// The value that was written into `room` begins at `at` of it: blanks where a longer one stood, and the quote that
    /// opens it. `None` when there is no room for that.
    #[inline]
    fn begins(&mut self, room: &mut [u8], at: usize) -> Option<()> {
        let quote = usize::from(self.quoted);
        let (before, now) = ((self.value - self.start).checked_sub(quote)?, at.checked_sub(quote)?);
        if before < now {
            shorter(room.get_mut(before..now)?);
        }
        if self.quoted {
            *room.get_mut(now)? = b'"';
        }
        self.value = self.start + at;
        Some(())
    }
}

#[cold]
fn shorter(gap: &mut [u8]) {
    gap.fill(b' ');
}

/// A piece of what is signed.
enum Signed {
    Text(Box<[u8]>),
    Slot(Slot),
}

/// One request with its frame. Deliberately without `Debug`: it holds the key and the newest signed request.
pub(super) struct Template {
    plain: Box<[u8]>,
    frame: Box<[u8]>,
    fields: [Field; SLOTS],
    signed: Box<[Signed]>,
    /// What [`Self::text`] wrote last.
    texts: [&'static [u8]; SLOTS],
    /// The digits before the last eight of the time stamp that stands there; zero: none yet, or a shorter one.
    time_above: u64,
}

impl Template {
    /// Bytes of the text that is signed, at most.
    pub fn signed_max(&self) -> usize {
        self.plain.len()
    }

    /// Writes `whole` with `part` behind the point, at the end of a slot; `None` when it has no room, and then the
    /// request must not be sent.
    #[inline]
    pub fn number(&mut self, slot: Slot, whole: u64, part: u64, decimals: u8) -> Option<()> {
        let field = &mut self.fields[slot as usize];
        let room = self.plain.get_mut(field.start..field.end)?;
        let at = put_right(room, whole, part, decimals)?;
        field.begins(room, at)
    }

    /// Writes the time stamp: of it mostly the last eight digits alone, since those before them stay for 27 hours.
    #[inline]
    pub fn time(&mut self, time_ms: u64) -> Option<()> {
        let above = above_eight(time_ms);
        if above != 0 && above == self.time_above {
            let field = self.fields[Slot::Timestamp as usize];
            return put_low_eight(self.plain.get_mut(field.start..field.end)?, time_ms);
        }
        // Nothing stands there if this fails.
        self.time_above = 0;
        self.number(Slot::Timestamp, time_ms, 0, 0)?;
        self.time_above = above;
        Some(())
    }

    /// Writes a text, at the end of a slot. Mostly the last order had the same, and then nothing is to be done.
    #[inline]
    pub fn text(&mut self, slot: Slot, text: &'static [u8]) -> Option<()> {
        // The same place and length: the same text, since it never changes.
        if std::ptr::eq(self.texts[slot as usize], text) {
            return Some(());
        }
        // Nothing stands there if this fails.
        self.texts[slot as usize] = &[];
        self.write_text(slot, text)?;
        self.texts[slot as usize] = text;
        Some(())
    }

    /// Writes a text that may not outlive the call, at the end of a slot that [`Self::text`] does not write.
    pub fn write_text(&mut self, slot: Slot, text: &[u8]) -> Option<()> {
        let field = &mut self.fields[slot as usize];
        let room = self.plain.get_mut(field.start..field.end)?;
        let at = room.len().checked_sub(text.len())?;
        room.get_mut(at..)?.copy_from_slice(text);
        field.begins(room, at)
    }

    /// The bytes of a slot's value, from its `skip`th on, to be written in place.
    #[inline]
    pub fn place(&mut self, slot: Slot, skip: usize) -> Option<&mut [u8]> {
        let field = self.fields[slot as usize];
        self.plain.get_mut(field.value.checked_add(skip)?..field.end)
    }

    /// Signs what the slots hold. `text` is room for what is signed; it grows up to [`Self::signed_max`].
    #[inline]
    pub fn sign(&mut self, signer: &Signer, text: &mut Vec<u8>) -> Option<()> {
        text.clear();
        for piece in &self.signed {
            match piece {
                Signed::Text(piece) => text.extend_from_slice(piece),
                Signed::Slot(slot) => {
                    let field = self.fields[*slot as usize];
                    text.extend_from_slice(self.plain.get(field.value..field.end)?);
                }
            }
        }
        signer.sign(text, self.place(Slot::Signature, 0)?).then_some(())
    }

    /// The request as a masked client frame.
    #[inline]
    pub fn seal(&mut self, key: [u8; 4]) -> &[u8] {
        let [a, b, c, d] = key;
        let mask = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
        let (header, payload) = self.frame.split_at_mut(HEADER.min(self.frame.len()));
        if let Some(place) = header.last_chunk_mut() {
            *place = key;
        }
        // Both are whole words long.
        let (masked, _) = payload.as_chunks_mut::<8>();
        let (plain, _) = self.plain.as_chunks::<8>();
        for (masked, plain) in masked.iter_mut().zip(plain) {
            *masked = (u64::from_ne_bytes(*plain) ^ mask).to_ne_bytes();
        }
        &self.frame
    }
}

/// Lays a request out. Cold. Parameters must come sorted by name, the signature last.
pub(super) struct Builder {
    plain: Vec<u8>,
    fields: [Field; SLOTS],
    signed: Vec<Signed>,
    text: Vec<u8>,
    params: usize,
}

impl Builder {
    /// Begins a request; its id is `kind` and the order's number in ten digits.
    pub fn new(kind: char, digits: usize, method: &str) -> Self {
        let mut builder = Self {
            plain: Vec::new(),
            fields: [Field::default(); SLOTS],
            signed: Vec::new(),
            text: Vec::new(),
            params: 0,
        };
        builder.push(&format!("{{\"id\":\"{kind}"));
        builder.slot(Slot::Request, digits, false);
        builder.push(&format!("\",\"method\":\"{method}\",\"params\":{{"));
        builder
    }

    fn push(&mut self, text: &str) {
        self.plain.extend_from_slice(text.as_bytes());
    }

    fn slot(&mut self, slot: Slot, width: usize, quoted: bool) {
        let start = self.plain.len();
        self.plain.resize(start + width + usize::from(quoted), b'0');
        let end = self.plain.len();
        self.fields[slot as usize] = Field { start, end, value: start + usize::from(quoted), quoted };
        if let Some(first) = self.plain.get_mut(start).filter(|_| quoted) {
            *first = b'"';
        }
    }

    fn name(&mut self, name: &str, signed: bool) {
        let comma = if self.params == 0 { "" } else { "," };
        self.push(&format!("{comma}\"{name}\":"));
        if signed {
            let join = if self.params == 0 { "" } else { "&" };
            self.text.extend_from_slice(format!("{join}{name}=").as_bytes());
        }
        self.params += 1;
    }

    /// A parameter that is the same for all orders.
    pub fn fixed(&mut self, name: &str, value: &str) {
        self.name(name, true);
        self.push(&format!("\"{value}\""));
        self.text.extend_from_slice(value.as_bytes());
    }

    /// The same, as a JSON number.
    pub fn fixed_number(&mut self, name: &str, value: u64) {
        self.name(name, true);
        self.push(&value.to_string());
        self.text.extend_from_slice(value.to_string().as_bytes());
    }

    /// A parameter that each order writes, `width` characters at most; `quoted`: as a JSON string.
    pub fn field(&mut self, name: &str, slot: Slot, width: usize, quoted: bool) {
        self.name(name, true);
        self.slot(slot, width, quoted);
        if quoted {
            self.push("\"");
        }
        self.signed.push(Signed::Text(std::mem::take(&mut self.text).into()));
        self.signed.push(Signed::Slot(slot));
    }

    /// The signature, of that many characters.
    pub fn signature(&mut self, width: usize) {
        self.name("signature", false);
        self.slot(Slot::Signature, width, true);
        self.push("\"");
    }

    /// Ends the request; `None` when it is too long for its frame, which takes a symbol of thousands of characters.
    pub fn finish(mut self) -> Option<Template> {
        // Whole words, so that masking has no rest.
        while !(self.plain.len() + 2).is_multiple_of(8) {
            self.plain.push(b' ');
        }
        self.push("}}");
        self.signed.push(Signed::Text(self.text.into()));
        let length = u16::try_from(self.plain.len()).ok().filter(|l| *l >= 126)?.to_be_bytes();
        let mut frame = vec![0; HEADER + self.plain.len()];
        frame.get_mut(..4)?.copy_from_slice(&[TEXT_FINAL, MASKED_TWO_BYTES, length[0], length[1]]);
        Some(Template {
            plain: self.plain.into(),
            frame: frame.into(),
            fields: self.fields,
            signed: self.signed.into(),
            texts: [&[]; SLOTS],
            time_above: 0,
        })
    }
}
