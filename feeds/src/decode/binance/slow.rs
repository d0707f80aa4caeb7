//! Any valid JSON, by simd-json; plain text by [`plain`], onto the same tape.
//!
//! A frame becomes a flat tape of nodes, without recursion and with a bounded depth; one walk over the top level
//! notes where the fields that matter are. Buffers live as long as the decoder; those that an outsized frame blew
//! up are given back.

use crosstick_model::{Protocol, Quote, Tick, Trade, parse_fixed};
use simd_json::{Buffers, ErrorType, Node, StaticNode, Tape};

use super::super::control::{Control, MAX_MESSAGE_BYTES, MAX_NAME_BYTES, MAX_STREAMS, RequestId};
use super::super::refusal::{Reason, Refusal};
use super::super::symbols::{Known, SymbolTable};
use super::super::{Context, MAX_DEPTH, MAX_FRAME_BYTES};
use super::plain;

/// Buffers are made ready for frames of this length, so that these never allocate.
const READY_BYTES: usize = 8 << 10;
/// Buffers that a longer frame than this may have grown are dropped after it.
const KEEP_BYTES: usize = 256 << 10;

/// What a frame says.
#[derive(Debug)]
pub(in super::super) enum Message {
    Tick(Tick),
    Other,
    Control(Control),
}

/// The buffers of simd-json, kept from frame to frame.
pub(in super::super) struct SlowDecoder {
    buffers: Buffers,
    tape: Tape<'static>,
}

impl std::fmt::Debug for SlowDecoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SlowDecoder").finish_non_exhaustive()
    }
}

impl SlowDecoder {
    pub(in super::super) fn new() -> Self {
        let mut this = Self { buffers: Buffers::with_max_depth(READY_BYTES, MAX_DEPTH), tape: Tape(Vec::new()) };
        // The text with the most nodes for its length, at full depth first: sizes every buffer for later frames.
        let mut text = b"[".repeat(MAX_DEPTH - 1);
        text.extend(b"]".repeat(MAX_DEPTH - 1));
        text.splice(0..0, *b"[");
        while text.len() < READY_BYTES - 2 {
            text.extend(b",0");
        }
        text.push(b']');
        let sized = this.with_tape(&mut text, |nodes| nodes.map(<[_]>::len));
        debug_assert!(sized.is_ok_and(|n| n > READY_BYTES / 3), "warm-up text is valid JSON: {sized:?}");
        this
    }

    #[cold]
    #[inline(never)]
    pub(in super::super) fn decode(
        &mut self,
        frame: &mut [u8],
        recv_ns: u64,
        context: &Context,
        symbols: &mut SymbolTable,
    ) -> Result<Message, Refusal> {
        self.with_tape(frame, |nodes| message(nodes?, recv_ns, context, symbols))
    }

    /// Runs `read` over the frame's tape.
    pub(super) fn with_tape<R>(&mut self, frame: &mut [u8], read: impl FnOnce(Result<&[Node<'_>], Reason>) -> R) -> R {
        if let Some(reason) = refuse_unparsed(frame) {
            return read(Err(reason));
        }
        let length = frame.len();
        let mut tape = std::mem::replace(&mut self.tape, Tape(Vec::new())).reset();
        if std::str::from_utf8(frame).is_ok_and(|text| plain::scan(text, &mut tape.0)) {
            let result = read(Ok(&tape.0));
            self.keep(tape.reset(), length);
            return result;
        }
        let mut tape = tape.reset();
        let result = match simd_json::fill_tape(frame, &mut self.buffers, &mut tape) {
            Ok(()) => read(Ok(&tape.0)),
            Err(error) => read(Err(reason_of(error.error()))),
        };
        self.keep(tape.reset(), length);
        result
    }

    /// The tape, for the next frame, unless a frame of that many bytes blew it up.
    fn keep(&mut self, tape: Tape<'static>, length: usize) {
        if length <= KEEP_BYTES {
            self.tape = tape;
        } else {
            *self = Self::new();
        }
    }
}

/// What need not be parsed to be refused.
fn refuse_unparsed(frame: &[u8]) -> Option<Reason> {
    if frame.len() > MAX_FRAME_BYTES {
        return Some(Reason::TooLong);
    }
    match frame.iter().find(|b| !matches!(b, b' ' | b'\t' | b'\n' | b'\r')) {
        None => Some(Reason::Truncated),
        Some(b'{' | b'[' | b'"' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n') => None,
        Some(_) => Some(Reason::NotJson),
    }
}

fn reason_of(error: &ErrorType) -> Reason {
    match error {
        // simd-json says `Syntax` when it runs out of text.
        ErrorType::Syntax | ErrorType::Eof | ErrorType::UnterminatedString => Reason::Truncated,
        ErrorType::InvalidUtf8 => Reason::InvalidUtf8,
        ErrorType::InvalidNumber | ErrorType::InvalidExponent => Reason::BadNumber,
        ErrorType::DepthLimitExceeded => Reason::TooDeep,
        ErrorType::InputTooLarge => Reason::TooLong,
        _ => Reason::MalformedJson,
    }
}

macro_rules! keys {
    ($($name:ident = $text:literal,)*) => {
        /// A field that some message is read by.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(usize)]
        pub(super) enum Key { $($name,)* }

        impl Key {
            const COUNT: usize = [$($text,)*].len();

            /// The keys of one character, which almost all are, by that character.
            const SHORT: [Option<Self>; 128] = {
                let mut table = [None; 128];
                $(if $text.len() == 1 {
                    table[$text.as_bytes()[0] as usize] = Some(Self::$name);
                })*
                table
            };

            #[inline]
            fn of(name: &str) -> Option<Self> {
                if let [byte] = name.as_bytes() {
                    return Self::SHORT.get(usize::from(*byte)).copied().flatten();
                }
                match name {
                    $($text => Some(Self::$name),)*
                    _ => None,
                }
            }
        }
    };
}

keys! {
    Event = "e",
    EventTime = "E",
    Symbol = "s",
    TradeId = "t",
    AskOrAggId = "a",
    AskQuantity = "A",
    Bid = "b",
    BidQuantity = "B",
    Price = "p",
    Quantity = "q",
    Time = "T",
    BuyerIsMaker = "m",
    BestMatch = "M",
    TradeKind = "X",
    UpdateId = "u",
    PreviousId = "pu",
    Pair = "ps",
    Stream = "stream",
    Data = "data",
    Result = "result",
    Error = "error",
    Id = "id",
    Code = "code",
    Message = "msg",
    LastUpdateId = "lastUpdateId",
}

/// Where the fields of one object are on the tape.
pub(super) struct Fields<'t, 'f> {
    nodes: &'t [Node<'f>],
    /// 0 is the root, so it stands for "not there".
    at: [u32; Key::COUNT],
}

impl<'t, 'f> Fields<'t, 'f> {
    /// The fields of the object at `start`; `None` if there is none. Of two with one name the last one counts.
    pub(super) fn read(nodes: &'t [Node<'f>], start: usize) -> Option<Self> {
        let Some(Node::Object { len, .. }) = nodes.get(start) else { return None };
        let mut at = [0; Key::COUNT];
        let mut i = start + 1;
        for _ in 0..*len {
            let Some(Node::String(name)) = nodes.get(i) else { return None };
            if let Some(key) = Key::of(name) {
                at[key as usize] = (i + 1) as u32;
            }
            i += 1 + nodes.get(i + 1).map_or(1, span);
        }
        Some(Self { nodes, at })
    }

    pub(super) fn has(&self, key: Key) -> bool {
        self.at[key as usize] != 0
    }

    pub(super) fn node(&self, key: Key) -> Option<&'t Node<'f>> {
        match self.at[key as usize] {
            0 => None,
            at => self.nodes.get(at as usize),
        }
    }

    /// The enveloped message.
    pub(super) fn data(&self) -> Option<Self> {
        self.object(Key::Data)
    }

    fn object(&self, key: Key) -> Option<Self> {
        if self.has(key) { Self::read(self.nodes, self.at[key as usize] as usize) } else { None }
    }

    pub(super) fn text(&self, key: Key) -> Result<&'f str, Reason> {
        match self.node(key) {
            Some(Node::String(text)) => Ok(text),
            Some(_) => Err(Reason::WrongType),
            None => Err(Reason::MissingField),
        }
    }

    pub(super) fn uint(&self, key: Key) -> Result<u64, Reason> {
        match self.node(key) {
            Some(Node::Static(value)) => uint(value),
            Some(_) => Err(Reason::WrongType),
            None => Err(Reason::MissingField),
        }
    }

    fn flag(&self, key: Key) -> Result<bool, Reason> {
        match self.node(key) {
            Some(Node::Static(StaticNode::Bool(value))) => Ok(*value),
            Some(_) => Err(Reason::WrongType),
            None => Err(Reason::MissingField),
        }
    }

    fn fixed(&self, key: Key, decimals: u8) -> Result<i64, Reason> {
        match parse_fixed(self.text(key)?.as_bytes(), decimals)? {
            value if value < 0 => Err(Reason::Negative),
            value => Ok(value),
        }
    }
}

/// How many nodes a value takes.
fn span(node: &Node<'_>) -> usize {
    match node {
        Node::Object { count, .. } | Node::Array { count, .. } => count + 1,
        _ => 1,
    }
}

fn uint(value: &StaticNode) -> Result<u64, Reason> {
    match *value {
        StaticNode::U64(value) => Ok(value),
        StaticNode::I64(value) => u64::try_from(value).map_err(|_| Reason::Negative),
        // Integers beyond 64 bits come as floats.
        StaticNode::F64(value) if value >= 18_446_744_073_709_551_615.0 => Err(Reason::NumberTooLarge),
        _ => Err(Reason::WrongType),
    }
}

fn message(nodes: &[Node<'_>], recv_ns: u64, context: &Context, symbols: &mut SymbolTable) -> Result<Message, Refusal> {
    let Some(top) = Fields::read(nodes, 0) else {
        // All-market streams come as bare arrays on a raw connection.
        return match nodes.first() {
            Some(Node::Array { .. }) => Ok(Message::Other),
            _ => Err(Reason::WrongType.into()),
        };
    };
    if !top.has(Key::Event) && top.has(Key::Stream) && top.has(Key::Data) {
        let stream = top.text(Key::Stream)?;
        return match top.object(Key::Data) {
            Some(data) => event(&data, Some(stream), recv_ns, context, symbols),
            None if matches!(top.node(Key::Data), Some(Node::Array { .. })) => Ok(Message::Other),
            None => Err(Reason::WrongType.into()),
        };
    }
    if !top.has(Key::Event) && (top.has(Key::Result) || top.has(Key::Error) || top.has(Key::Code)) {
        return Ok(Message::Control(answer(&top)?));
    }
    event(&top, None, recv_ns, context, symbols)
}

fn event(
    fields: &Fields<'_, '_>,
    stream: Option<&str>,
    recv_ns: u64,
    context: &Context,
    symbols: &mut SymbolTable,
) -> Result<Message, Refusal> {
    if fields.has(Key::Event) {
        return match fields.text(Key::Event)? {
            "trade" => trade(fields, Key::TradeId, recv_ns, context, symbols),
            "aggTrade" => trade(fields, Key::AskOrAggId, recv_ns, context, symbols),
            "bookTicker" => quote(fields, recv_ns, context, symbols),
            "serverShutdown" => Ok(Message::Control(Control::ServerShutdown)),
            _ => Ok(Message::Other),
        };
    }
    let named = stream.is_some_and(|s| s.ends_with("@bookTicker"));
    let looks = fields.has(Key::UpdateId) && fields.has(Key::Symbol);
    if context.protocol == Protocol::BinanceSpot && (named || looks) {
        return quote(fields, recv_ns, context, symbols);
    }
    // Messages without `e` that are known to be: partial books and snapshots, and whatever a named stream carries
    // that is not one of ours.
    let ours = stream.is_none_or(|s| ["@trade", "@aggTrade", "@bookTicker"].iter().any(|kind| s.ends_with(kind)));
    if fields.has(Key::LastUpdateId) || !ours { Ok(Message::Other) } else { Err(Reason::Unrecognised.into()) }
}

fn trade(
    fields: &Fields<'_, '_>,
    id: Key,
    recv_ns: u64,
    context: &Context,
    symbols: &mut SymbolTable,
) -> Result<Message, Refusal> {
    let known = instrument(fields, symbols)?;
    let read = || -> Result<Tick, Reason> {
        let price = fields.fixed(Key::Price, known.scale.price_decimals)?;
        let quantity = fields.fixed(Key::Quantity, known.scale.quantity_decimals)?;
        let off_market = fields.has(Key::TradeKind) && fields.text(Key::TradeKind)? != "MARKET";
        // Prints of the liquidation engine may state zeros; they count for the ids and never for a price.
        if !off_market && (price == 0 || quantity == 0) {
            return Err(Reason::Zero);
        }
        let taker_sold = fields.flag(Key::BuyerIsMaker)?;
        let id = fields.uint(id)?;
        if fields.has(Key::Time) {
            fields.uint(Key::Time)?;
        }
        let exchange_us = context.unit.to_us(fields.uint(Key::EventTime)?).ok_or(Reason::WrongTimeUnit)?;
        let trade = Trade { price, quantity, taker_sold, off_market };
        Ok(Tick::trade(known.id, context.line, trade, recv_ns, id).at_exchange_us(exchange_us))
    };
    finish(read(), known)
}

fn quote(
    fields: &Fields<'_, '_>,
    recv_ns: u64,
    context: &Context,
    symbols: &mut SymbolTable,
) -> Result<Message, Refusal> {
    let known = instrument(fields, symbols)?;
    let read = || -> Result<Tick, Reason> {
        let quote = Quote {
            bid: fields.fixed(Key::Bid, known.scale.price_decimals)?,
            bid_quantity: fields.fixed(Key::BidQuantity, known.scale.quantity_decimals)?,
            ask: fields.fixed(Key::AskOrAggId, known.scale.price_decimals)?,
            ask_quantity: fields.fixed(Key::AskQuantity, known.scale.quantity_decimals)?,
        };
        let id = fields.uint(Key::UpdateId)?;
        let tick = Tick::quote(known.id, context.line, quote, recv_ns, id);
        if fields.has(Key::Time) {
            fields.uint(Key::Time)?;
        }
        if !fields.has(Key::EventTime) {
            return Ok(tick);
        }
        let exchange_us = context.unit.to_us(fields.uint(Key::EventTime)?).ok_or(Reason::WrongTimeUnit)?;
        Ok(tick.at_exchange_us(exchange_us))
    };
    finish(read(), known)
}

fn instrument(fields: &Fields<'_, '_>, symbols: &mut SymbolTable) -> Result<Known, Refusal> {
    let symbol = fields.text(Key::Symbol)?;
    symbols.get_or_register(symbol).ok_or(Reason::UnknownSymbol.into())
}

fn finish(tick: Result<Tick, Reason>, known: Known) -> Result<Message, Refusal> {
    tick.map(Message::Tick).map_err(|reason| Refusal { reason, instrument: Some(known.id) })
}

/// An answer to a request of ours: `{"result":…,"id":…}`, or an error, nested or flat.
fn answer(top: &Fields<'_, '_>) -> Result<Control, Reason> {
    let id = match top.node(Key::Id) {
        Some(Node::Static(StaticNode::U64(id))) => {
            RequestId::Number(i64::try_from(*id).map_err(|_| Reason::NumberTooLarge)?)
        }
        Some(Node::Static(StaticNode::I64(id))) => RequestId::Number(*id),
        Some(Node::String(id)) => RequestId::Text(cut(id, MAX_NAME_BYTES)),
        None | Some(Node::Static(StaticNode::Null)) => RequestId::None,
        Some(_) => return Err(Reason::WrongType),
    };
    if top.has(Key::Error) || !top.has(Key::Result) {
        let nested = top.object(Key::Error);
        if top.has(Key::Error) && nested.is_none() {
            return Err(Reason::WrongType);
        }
        let error = nested.as_ref().unwrap_or(top);
        let code = match error.node(Key::Code) {
            Some(Node::Static(StaticNode::I64(code))) => *code,
            Some(Node::Static(StaticNode::U64(code))) => i64::try_from(*code).map_err(|_| Reason::NumberTooLarge)?,
            None => 0,
            Some(_) => return Err(Reason::WrongType),
        };
        let message = if error.has(Key::Message) { error.text(Key::Message)? } else { "" };
        return Ok(Control::Rejected { id, code, message: cut(message, MAX_MESSAGE_BYTES) });
    }
    let at = top.at[Key::Result as usize] as usize;
    match top.node(Key::Result) {
        Some(Node::Static(StaticNode::Null)) => Ok(Control::Accepted { id }),
        Some(Node::Static(StaticNode::Bool(value))) => Ok(Control::Property { id, value: *value }),
        Some(Node::Array { len, .. }) => {
            let items = top.nodes.get(at + 1..).unwrap_or_default().iter().take((*len).min(MAX_STREAMS));
            let streams = items.map(|item| match item {
                Node::String(name) => Ok(cut(name, MAX_NAME_BYTES)),
                _ => Err(Reason::WrongType),
            });
            Ok(Control::Subscriptions { id, streams: streams.collect::<Result<_, _>>()? })
        }
        _ => Err(Reason::WrongType),
    }
}

/// At most `bytes` of a text, ending at a character.
fn cut(text: &str, bytes: usize) -> Box<str> {
    text[..text.floor_char_boundary(bytes)].into()
}
