//! HOT: [`Encoder::place`] and [`Encoder::cancel`], by the one thread that owns the encoder.

use std::fmt;

use crosstick_feeds::ws::{MaskKeys, Opcode, write_frame};
use crosstick_model::decimal::POW10;
use crosstick_model::{Instrument, InstrumentId, Kind, Order, OrderId, Side, TimeInForce};
use crosstick_risk::Approved;
use thiserror::Error;

use super::client_id::{ClientId, RunId, put_number};
use super::digits::Divisor;
use super::sign::Signer;
use super::template::{Builder, Slot, Template};

/// Digits of an order's number in a request's id.
pub(super) const REQUEST_DIGITS: usize = 10;
/// A mantissa of 19 digits, or a zero and 16 decimals, with the point.
const DECIMAL_WIDTH: usize = 20;
/// Room for a time in ms since the epoch: two words of digits.
const TIME_WIDTH: usize = 16;
/// In the year 5138.
const TIME_END_MS: u64 = 100_000_000_000_000;
/// The venue's own bound of `recvWindow`.
const RECV_WINDOW_MAX_MS: u32 = 60_000;

/// How a request proves whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Auth {
    /// The connection was logged on ([`Encoder::logon`]): requests carry neither key nor signature.
    Session,
    /// Each request carries the key and a signature of its own.
    PerRequest,
}

/// What an encoder is made from. Printing it shows neither key nor secret.
pub struct EncoderSpec<'a> {
    /// The name of the API key.
    pub api_key: &'a str,
    /// Its secret.
    pub signer: Signer,
    /// How requests are authorised.
    pub auth: Auth,
    /// The run that its orders' names carry.
    pub run: RunId,
    /// For how long the venue may act on a request, ms; it refuses it later than that. `None`: its default, 5 s.
    pub recv_window_ms: Option<u32>,
}

impl fmt::Debug for EncoderSpec<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { api_key: _, signer, auth, run, recv_window_ms } = self;
        f.debug_struct("EncoderSpec")
            .field("signer", signer)
            .field("auth", auth)
            .field("run", run)
            .field("recv_window_ms", recv_window_ms)
            .finish_non_exhaustive()
    }
}

/// Why an encoder cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EncoderError {
    /// The key's name has characters that no venue gives out.
    #[error("an API key is made of letters and digits; this one is not")]
    ApiKey,
    /// The secret cannot log on.
    #[error("an HMAC key cannot log a session on: use an Ed25519 key, or sign each request")]
    NoLogon,
    /// Outside what the venue takes.
    #[error("recvWindow: {0} ms is out of range; allowed: 1 to {RECV_WINDOW_MAX_MS} ms")]
    RecvWindow(u32),
    /// Not a spot instrument.
    #[error("{0}: only spot instruments are traded here")]
    NotSpot(Box<str>),
    /// A symbol that JSON would have to escape, or that is longer than any venue's.
    #[error("{0:?} cannot be a symbol")]
    Symbol(Box<str>),
    /// A step that is not above zero, or finer than the scale.
    #[error("{0}: its price or quantity step cannot be written")]
    Steps(Box<str>),
}

/// Why a request cannot be written. Nothing of it was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Error)]
pub enum Unencodable {
    /// The encoder was not made for its instrument.
    #[error("the instrument is not of this account")]
    Instrument,
    /// Not positive, or no multiple of the price step.
    #[error("the price is no positive multiple of the price step")]
    Price,
    /// Not positive, or no multiple of the quantity step.
    #[error("the quantity is no positive multiple of the quantity step")]
    Quantity,
    /// The run has used up its order numbers.
    #[error("the order's number has more than {REQUEST_DIGITS} digits")]
    Number,
    /// A time with more digits than there is room for.
    #[error("the time stamp is beyond the year 5138")]
    Time,
    /// The signature could not be made.
    #[error("the request could not be signed")]
    Signature,
}

/// An order that cannot be written, given back. Nothing of it was sent: withdraw it from risk.
#[derive(Debug, PartialEq, Eq, Error)]
#[error("{why}")]
pub struct Unplaced {
    /// The order.
    pub order: Approved,
    /// Why not.
    pub why: Unencodable,
}

/// How an instrument's mantissas are written.
#[derive(Debug, Clone, Copy)]
struct Step {
    /// The step, at the instrument's scale.
    step: Divisor,
    /// The step, with no more decimals than it needs.
    short: u64,
    /// Decimals of it.
    decimals: u8,
    /// 10^decimals.
    one: Divisor,
}

impl Step {
    fn new(step: i64, scale: u8) -> Option<Self> {
        let step = u64::try_from(step).ok().filter(|s| *s > 0)?;
        let power = |decimals: u8| POW10.get(usize::from(decimals)).map(|p| *p as u64);
        let mut zeros = 0;
        while zeros < scale && step % power(zeros + 1)? == 0 {
            zeros += 1;
        }
        let decimals = scale.checked_sub(zeros)?;
        let (step, short) = (Divisor::new(step)?, step.checked_div(power(zeros)?)?);
        Some(Self { step, short, decimals, one: Divisor::new(power(decimals)?)? })
    }

    /// What stands before and behind the point, at the step's own decimals; `None` unless it is a positive multiple of
    /// the step.
    #[inline]
    fn parts(self, mantissa: i64) -> Option<(u64, u64)> {
        let mantissa = u64::try_from(mantissa).ok().filter(|m| *m > 0)?;
        let (steps, rest) = self.step.split(mantissa);
        // No more than the mantissa.
        (rest == 0).then(|| self.one.split(steps * self.short))
    }
}

struct Templates {
    price: Step,
    quantity: Step,
    place: Template,
    cancel: Template,
}

/// Orders of one account on one venue as bytes. Its memory is taken when it is made. Printing it shows neither the key
/// nor what was signed.
pub struct Encoder {
    signer: Signer,
    auth: Auth,
    api_key: Box<str>,
    recv_window_ms: Option<u32>,
    masks: MaskKeys,
    /// By instrument.
    templates: Vec<Option<Box<Templates>>>,
    /// What is signed, as it is put together.
    text: Vec<u8>,
}

impl Encoder {
    /// An encoder for these instruments of one venue.
    ///
    /// # Errors
    /// [`EncoderError`].
    pub fn new<'a>(
        spec: EncoderSpec<'_>,
        instruments: impl IntoIterator<Item = &'a Instrument>,
    ) -> Result<Self, EncoderError> {
        if spec.api_key.is_empty() || !spec.api_key.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(EncoderError::ApiKey);
        }
        if spec.auth == Auth::Session && !spec.signer.can_log_on() {
            return Err(EncoderError::NoLogon);
        }
        if let Some(ms) = spec.recv_window_ms.filter(|ms| !(1..=RECV_WINDOW_MAX_MS).contains(ms)) {
            return Err(EncoderError::RecvWindow(ms));
        }
        let mut templates = Vec::new();
        let mut longest = 0;
        for instrument in instruments {
            let laid_out = lay_out(&spec, instrument)?;
            longest = longest.max(laid_out.place.signed_max()).max(laid_out.cancel.signed_max());
            let place = instrument.id.index();
            if templates.len() <= place {
                templates.resize_with(place + 1, || None);
            }
            templates[place] = Some(Box::new(laid_out));
        }
        Ok(Self {
            signer: spec.signer,
            auth: spec.auth,
            api_key: spec.api_key.into(),
            recv_window_ms: spec.recv_window_ms,
            masks: MaskKeys::secure(),
            templates,
            text: Vec::with_capacity(longest),
        })
    }

    /// `order.place` as a masked client frame: a limit order with its number as the request's id. `time_ms` is the
    /// venue's time, ms since the epoch, as well as we know it. The approval is used up: an order is written once.
    ///
    /// # Errors
    /// [`Unplaced`]: the order cannot be written exactly, and comes back.
    #[inline]
    pub fn place(&mut self, approved: Approved, time_ms: u64) -> Result<&[u8], Unplaced> {
        self.write(approved.order(), time_ms).map_err(|why| Unplaced { order: approved, why })
    }

    #[inline]
    fn write(&mut self, order: &Order, time_ms: u64) -> Result<&[u8], Unencodable> {
        let intent = &order.intent;
        let found = self.templates.get_mut(intent.instrument.index()).and_then(Option::as_deref_mut);
        let Templates { price, quantity, place, .. } = found.ok_or(Unencodable::Instrument)?;
        let (whole, part) = price.parts(intent.price).ok_or(Unencodable::Price)?;
        place.number(Slot::Price, whole, part, price.decimals).ok_or(Unencodable::Price)?;
        let (whole, part) = quantity.parts(intent.quantity).ok_or(Unencodable::Quantity)?;
        place.number(Slot::Quantity, whole, part, quantity.decimals).ok_or(Unencodable::Quantity)?;
        let side: &'static [u8] = match intent.side {
            Side::Buy => b"BUY",
            Side::Sell => b"SELL",
        };
        place.text(Slot::Side, side).ok_or(Unencodable::Instrument)?;
        let time_in_force: &'static [u8] = match intent.time_in_force {
            TimeInForce::Ioc => b"IOC",
            TimeInForce::Gtc => b"GTC",
        };
        place.text(Slot::TimeInForce, time_in_force).ok_or(Unencodable::Instrument)?;
        number(place, order.id, time_ms)?;
        if self.auth == Auth::PerRequest {
            place.sign(&self.signer, &mut self.text).ok_or(Unencodable::Signature)?;
        }
        Ok(place.seal(self.masks.next_key()))
    }

    /// `order.cancel` of an order of this run, by our name for it, as a masked client frame.
    ///
    /// # Errors
    /// [`Unencodable`].
    #[inline]
    pub fn cancel(&mut self, instrument: InstrumentId, order: OrderId, time_ms: u64) -> Result<&[u8], Unencodable> {
        let found = self.templates.get_mut(instrument.index()).and_then(Option::as_deref_mut);
        let Templates { cancel, .. } = found.ok_or(Unencodable::Instrument)?;
        number(cancel, order, time_ms)?;
        if self.auth == Auth::PerRequest {
            cancel.sign(&self.signer, &mut self.text).ok_or(Unencodable::Signature)?;
        }
        Ok(cancel.seal(self.masks.next_key()))
    }

    /// `session.logon` as a masked client frame; `None` where each request is signed instead. Cold: it allocates.
    #[must_use]
    pub fn logon(&mut self, time_ms: u64) -> Option<Vec<u8>> {
        if self.auth != Auth::Session {
            return None;
        }
        let key = &self.api_key;
        let (window, window_json) = self
            .recv_window_ms
            .map_or_else(Default::default, |ms| (format!("&recvWindow={ms}"), format!(",\"recvWindow\":{ms}")));
        let mut signature = vec![0; self.signer.signature_len()];
        self.signer.sign(format!("apiKey={key}{window}&timestamp={time_ms}").as_bytes(), &mut signature);
        let signature = String::from_utf8_lossy(&signature);
        let text = format!(
            "{{\"id\":\"{}\",\"method\":\"session.logon\",\"params\":{{\"apiKey\":\"{key}\"{window_json},\
             \"timestamp\":{time_ms},\"signature\":\"{signature}\"}}}}",
            super::answer::LOGON
        );
        let mut frame = Vec::new();
        write_frame(&mut frame, Opcode::Text, text.as_bytes(), self.masks.next_key());
        Some(frame)
    }

    /// To be called in idle turns: fetches random bytes for masks ahead, so that no order waits for the system.
    #[inline]
    pub fn idle(&mut self) {
        self.masks.top_up();
    }
}

impl fmt::Debug for Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encoder")
            .field("signer", &self.signer)
            .field("auth", &self.auth)
            .field("recv_window_ms", &self.recv_window_ms)
            .field("instruments", &self.templates.iter().flatten().count())
            .finish_non_exhaustive()
    }
}

/// What every request carries of its order.
#[inline]
fn number(template: &mut Template, order: OrderId, time_ms: u64) -> Result<(), Unencodable> {
    let mut digits = [0; REQUEST_DIGITS];
    if !put_number(&mut digits, order) {
        return Err(Unencodable::Number);
    }
    for (slot, skip) in [(Slot::Request, 0), (Slot::ClientId, ClientId::NUMBER)] {
        let place = template.place(slot, skip).and_then(<[u8]>::as_mut_array).ok_or(Unencodable::Number)?;
        *place = digits;
    }
    if time_ms >= TIME_END_MS {
        return Err(Unencodable::Time);
    }
    template.time(time_ms).ok_or(Unencodable::Time)
}

fn lay_out(spec: &EncoderSpec<'_>, instrument: &Instrument) -> Result<Templates, EncoderError> {
    let symbol = &instrument.symbol;
    if instrument.kind != Kind::Spot {
        return Err(EncoderError::NotSpot(symbol.clone()));
    }
    let plain = |c: char| !c.is_control() && !matches!(c, '"' | '\\' | '&' | '=');
    if symbol.is_empty() || symbol.len() > 64 || !symbol.chars().all(plain) {
        return Err(EncoderError::Symbol(symbol.clone()));
    }
    let steps = || EncoderError::Steps(symbol.clone());
    let scale = instrument.scale;
    let price = Step::new(instrument.price_step, scale.price_decimals).ok_or_else(steps)?;
    let quantity = Step::new(instrument.quantity_step, scale.quantity_decimals).ok_or_else(steps)?;

    let mut place = Builder::new('p', REQUEST_DIGITS, "order.place");
    if spec.auth == Auth::PerRequest {
        place.fixed("apiKey", spec.api_key);
    }
    place.field("newClientOrderId", Slot::ClientId, ClientId::LEN, true);
    place.fixed("newOrderRespType", "ACK");
    place.field("price", Slot::Price, DECIMAL_WIDTH, true);
    place.field("quantity", Slot::Quantity, DECIMAL_WIDTH, true);
    window(&mut place, spec);
    place.field("side", Slot::Side, 4, true);
    place.fixed("symbol", symbol);
    place.field("timeInForce", Slot::TimeInForce, 3, true);
    place.field("timestamp", Slot::Timestamp, TIME_WIDTH, false);
    place.fixed("type", "LIMIT");

    let mut cancel = Builder::new('c', REQUEST_DIGITS, "order.cancel");
    if spec.auth == Auth::PerRequest {
        cancel.fixed("apiKey", spec.api_key);
    }
    cancel.field("origClientOrderId", Slot::ClientId, ClientId::LEN, true);
    window(&mut cancel, spec);
    cancel.fixed("symbol", symbol);
    cancel.field("timestamp", Slot::Timestamp, TIME_WIDTH, false);

    let name = ClientId::new(spec.run, OrderId(0)).ok_or_else(steps)?;
    let finish = |mut builder: Builder| {
        if spec.auth == Auth::PerRequest {
            builder.signature(spec.signer.signature_len());
        }
        let mut template = builder.finish()?;
        template.write_text(Slot::ClientId, name.text().as_bytes())?;
        Some(template)
    };
    let (place, cancel) = finish(place).zip(finish(cancel)).ok_or_else(|| EncoderError::Symbol(symbol.clone()))?;
    Ok(Templates { price, quantity, place, cancel })
}

fn window(builder: &mut Builder, spec: &EncoderSpec<'_>) {
    if let Some(ms) = spec.recv_window_ms {
        builder.fixed_number("recvWindow", u64::from(ms));
    }
}
