//! SUBSCRIBE, UNSUBSCRIBE, LIST_SUBSCRIPTIONS, SET_PROPERTY and GET_PROPERTY: reading what a client asks.

use serde_json::Value;

/// Longest stream name taken, in bytes. Undocumented; it bounds what 1024 names can cost.
const NAME_MAX: usize = 256;
/// Longest textual request id.
const ID_MAX: usize = 36;

/// What a client asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ask {
    Subscribe(Vec<String>),
    Unsubscribe(Vec<String>),
    List,
    SetCombined(bool),
    GetCombined,
}

/// An answer of the venue that is an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ControlError {
    pub(crate) code: u8,
    pub(crate) message: String,
}

impl ControlError {
    fn new(code: u8, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// One stream more than a connection may have.
    pub(crate) fn too_many_streams(max: usize) -> Self {
        Self::new(2, format!("Invalid request: at most {max} streams per connection"))
    }
}

/// A request: its id as JSON text (`null` when it has none that can be echoed) and what it asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Control {
    pub(crate) id: String,
    pub(crate) ask: Result<Ask, ControlError>,
}

/// Reads a text message. `None` when it is no JSON object at all: the venue closes the connection then.
pub(crate) fn parse(text: &str) -> Option<Control> {
    if !text.trim_start().starts_with('{') {
        return None;
    }
    let object = match serde_json::from_str::<Value>(text) {
        Ok(Value::Object(object)) => object,
        Ok(_) => return None,
        Err(e) => {
            let message = format!("Invalid JSON: expected value at line {} column {}", e.line(), e.column());
            return Some(Control { id: "null".to_owned(), ask: Err(ControlError::new(3, message)) });
        }
    };
    let Some(id) = object.get("id").and_then(id_text) else {
        let error = ControlError::new(2, "Invalid request: request ID must be an unsigned integer");
        return Some(Control { id: "null".to_owned(), ask: Err(error) });
    };
    Some(Control { id, ask: ask(object.get("method"), object.get("params")) })
}

fn id_text(id: &Value) -> Option<String> {
    match id {
        Value::Null => Some("null".to_owned()),
        Value::Number(n) if n.is_i64() || n.is_u64() => Some(n.to_string()),
        Value::String(s) if s.len() <= ID_MAX && s.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') => {
            Some(format!("\"{s}\""))
        }
        _ => None,
    }
}

fn ask(method: Option<&Value>, params: Option<&Value>) -> Result<Ask, ControlError> {
    let method = match method {
        None => return Err(ControlError::new(2, "Invalid request: missing field `method`")),
        Some(Value::String(method)) => method.as_str(),
        Some(_) => return Err(ControlError::new(2, "Invalid request: method must be a string")),
    };
    let params = match params {
        None | Some(Value::Null) => &[][..],
        Some(Value::Array(params)) => params.as_slice(),
        Some(_) => return Err(ControlError::new(2, "Invalid request: params must be an array")),
    };
    match method {
        "SUBSCRIBE" => names(params).map(Ask::Subscribe),
        "UNSUBSCRIBE" => names(params).map(Ask::Unsubscribe),
        "LIST_SUBSCRIPTIONS" => Ok(Ask::List),
        "SET_PROPERTY" => {
            property(params, 2)?;
            match params.get(1) {
                Some(Value::Bool(on)) => Ok(Ask::SetCombined(*on)),
                _ => Err(ControlError::new(1, "Invalid value type: expected Boolean")),
            }
        }
        "GET_PROPERTY" => property(params, 1).map(|()| Ask::GetCombined),
        other => {
            let accepted = "`SUBSCRIBE`, `UNSUBSCRIBE`, `LIST_SUBSCRIPTIONS`, `SET_PROPERTY`, `GET_PROPERTY`";
            let other: String = other.chars().take(64).collect();
            let message = format!("Invalid request: unknown variant `{other}`, expected one of {accepted}");
            Err(ControlError::new(2, message))
        }
    }
}

fn names(params: &[Value]) -> Result<Vec<String>, ControlError> {
    let name = |param: &Value| match param {
        Value::String(name) if name.len() <= NAME_MAX => Ok(name.clone()),
        Value::String(_) => {
            Err(ControlError::new(2, format!("Invalid request: a stream name of over {NAME_MAX} bytes")))
        }
        _ => Err(ControlError::new(2, "Invalid request: stream names must be strings")),
    };
    params.iter().map(name).collect()
}

/// Checks that the first of at most `max` parameters names the one property there is.
fn property(params: &[Value], max: usize) -> Result<(), ControlError> {
    match params.first() {
        _ if params.len() > max => Err(ControlError::new(2, "Invalid request: too many parameters")),
        Some(Value::String(name)) if name == "combined" => Ok(()),
        Some(Value::String(_)) => Err(ControlError::new(0, "Unknown property")),
        _ => Err(ControlError::new(2, "Invalid request: property name must be a string")),
    }
}
