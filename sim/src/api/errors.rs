//! Refusals: HTTP status, code, text, and what some of them carry besides. Codes are the venue's.

use serde_json::{Map, Value, json};

/// Why a request was refused.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ApiError {
    /// As in HTTP; the WebSocket API uses the same.
    pub(crate) status: u16,
    pub(crate) code: i32,
    pub(crate) message: String,
    /// What else the body says.
    pub(crate) data: Option<Value>,
    /// When it makes sense to ask again, in nanoseconds since the epoch: rate limits and bans.
    pub(crate) retry_after_ns: Option<u64>,
}

impl ApiError {
    pub(crate) fn new(code: i32, message: impl Into<String>) -> Self {
        Self { status: 400, code, message: message.into(), data: None, retry_after_ns: None }
    }

    pub(crate) const fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    pub(crate) fn with_data(mut self, data: Value) -> Self {
        self.data = Some(data);
        self
    }

    /// The body of a REST answer, and of a nested refusal.
    pub(crate) fn body(&self) -> Value {
        let mut body = Map::new();
        body.insert("code".to_owned(), json!(self.code));
        body.insert("msg".to_owned(), json!(self.message));
        if let Some(data) = &self.data {
            body.insert("data".to_owned(), data.clone());
        }
        Value::Object(body)
    }

    /// Not supported by this venue.
    pub(crate) fn unsupported() -> Self {
        Self::new(-1020, "This operation is not supported.")
    }

    /// Characters that a parameter may not have.
    pub(crate) fn illegal(name: &str, range: &str) -> Self {
        Self::new(-1100, format!("Illegal characters found in parameter '{name}'; legal range is '{range}'."))
    }

    pub(crate) fn mandatory(name: &str) -> Self {
        Self::new(-1102, format!("Mandatory parameter '{name}' was not sent, was empty/null, or malformed."))
    }

    /// One of two parameters is needed, none came.
    pub(crate) fn either(one: &str, other: &str) -> Self {
        Self::new(-1102, format!("Param '{one}' or '{other}' must be sent, but both were empty/null!"))
    }

    pub(crate) fn too_great(name: &str, most: impl std::fmt::Display) -> Self {
        Self::new(-1102, format!("'{name}' contains unexpected value. Cannot be greater than '{most}'."))
    }

    pub(crate) fn empty(name: &str) -> Self {
        Self::new(-1105, format!("Parameter '{name}' was empty."))
    }

    pub(crate) fn not_required(name: &str) -> Self {
        Self::new(-1106, format!("Parameter '{name}' sent when not required."))
    }

    pub(crate) fn overflowed(name: &str) -> Self {
        Self::new(-1108, format!("Parameter '{name}' overflowed."))
    }

    pub(crate) fn too_precise(name: &str) -> Self {
        Self::new(-1111, format!("Parameter '{name}' has too much precision."))
    }

    pub(crate) fn bad_symbol() -> Self {
        Self::new(-1121, "Invalid symbol.")
    }

    pub(crate) fn bad_combination() -> Self {
        Self::new(-1128, "Combination of optional parameters invalid.")
    }

    /// A value that is none of the known ones, or out of its range.
    pub(crate) fn invalid(name: &str) -> Self {
        Self::new(-1130, format!("Data sent for parameter '{name}' is not valid."))
    }

    /// Neither this key nor this permission.
    pub(crate) fn key_refused() -> Self {
        Self::new(-2015, "Invalid API-key, IP, or permissions for action.").with_status(401)
    }

    pub(crate) fn key_malformed() -> Self {
        Self::new(-2014, "API-key format invalid.").with_status(401)
    }

    pub(crate) fn signature() -> Self {
        Self::new(-1022, "Signature for this request is not valid.")
    }
}
