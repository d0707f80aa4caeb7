//! API keys: what an account signs with, and checking what was signed. Also the keys that `crosstick sim` makes.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring_crypto::rand::{SecureRandom, SystemRandom};
use ring_crypto::signature::{self, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use ring_crypto::{error, hmac};
use serde::{Deserialize, Serialize};

/// Characters of a key's name and of an HMAC secret.
const KEY_CHARS: usize = 64;
/// What stands before the 32 bytes of an Ed25519 public key in its SubjectPublicKeyInfo.
const ED25519_PUBLIC_HEAD: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
/// What stands before the 32 bytes of an Ed25519 seed in PKCS#8.
const ED25519_PRIVATE_HEAD: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
/// The object identifier of RSA keys, with its tag.
const RSA_OID: [u8; 11] = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];

/// The one RSA pair that every simulated venue knows: printed here for all to read, so worth nothing anywhere else.
const WORTHLESS_RSA: &str = include_str!("worthless_rsa.pem");
const WORTHLESS_RSA_PUBLIC: &str = include_str!("worthless_rsa_public.pem");

/// Why a key cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The name of a key has another form.
    #[error("an API key is 64 letters and digits, or as MEXC's: mx0 and 15 of them")]
    Name,
    /// No public key in PEM.
    #[error("not a public key in PEM of Ed25519 or RSA; make one with: openssl pkey -in KEY.pem -pubout")]
    Pem,
    /// The system has no random numbers.
    #[error("the system gives no random numbers")]
    Random,
}

/// What signatures of a key are checked with.
#[derive(Clone, PartialEq, Eq)]
pub enum KeyKind {
    /// HMAC-SHA256, by this secret.
    Hmac(String),
    /// Ed25519, by this public key.
    Ed25519([u8; 32]),
    /// RSA PKCS#1 v1.5 with SHA-256, by this RSAPublicKey in DER.
    Rsa(Vec<u8>),
}

impl std::fmt::Debug for KeyKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Hmac(_) => "Hmac",
            Self::Ed25519(_) => "Ed25519",
            Self::Rsa(_) => "Rsa",
        })
    }
}

/// A key of a simulated account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Its name: 64 letters and digits; on MEXC also as that venue's are, `mx0` and 15 of them.
    pub id: String,
    /// What signatures are checked with.
    pub kind: KeyKind,
    /// Whether it may place and cancel orders; any key may read.
    pub may_trade: bool,
}

impl ApiKey {
    /// An HMAC key that may trade.
    ///
    /// # Errors
    /// When the name has another form.
    pub fn hmac(id: &str, secret: &str) -> Result<Self, KeyError> {
        Self::new(id, KeyKind::Hmac(secret.to_owned()))
    }

    /// A key that may trade, from a public key in PEM, Ed25519 or RSA: what a client registers with a venue.
    ///
    /// # Errors
    /// When the name has another form, or the text is no such key.
    pub fn from_public_pem(id: &str, pem: &str) -> Result<Self, KeyError> {
        let der = pem_body(pem).ok_or(KeyError::Pem)?;
        if let Some(key) = der.strip_prefix(&ED25519_PUBLIC_HEAD) {
            return Self::new(id, KeyKind::Ed25519(key.try_into().map_err(|_| KeyError::Pem)?));
        }
        let at = der.windows(RSA_OID.len()).position(|w| w == RSA_OID).ok_or(KeyError::Pem)?;
        // NULL parameters, then the bit string that holds the key.
        let tail =
            der.get(at + RSA_OID.len()..).and_then(|t| t.strip_prefix(&[0x05, 0x00, 0x03])).ok_or(KeyError::Pem)?;
        let bits = der_content(tail).and_then(|b| b.strip_prefix(&[0])).ok_or(KeyError::Pem)?;
        Self::new(id, KeyKind::Rsa(bits.to_vec()))
    }

    fn new(id: &str, kind: KeyKind) -> Result<Self, KeyError> {
        let mexc = id.len() == 18 && id.starts_with("mx0") && id.bytes().all(|b| b.is_ascii_alphanumeric());
        if !is_key_name(id) && !mexc {
            return Err(KeyError::Name);
        }
        Ok(Self { id: id.to_owned(), kind, may_trade: true })
    }

    /// Whether `signature` is this key's for `payload`: hex for HMAC, in either case; base64 for the others.
    #[must_use]
    pub fn verifies(&self, payload: &[u8], signature: &str) -> bool {
        let by = |public: &[u8], algorithm: &'static dyn signature::VerificationAlgorithm| {
            let signature = STANDARD.decode(signature).map_err(|_| error::Unspecified)?;
            UnparsedPublicKey::new(algorithm, public).verify(payload, &signature)
        };
        match &self.kind {
            KeyKind::Hmac(secret) => unhex(signature).is_some_and(|tag| {
                let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
                hmac::verify(&key, payload, &tag).is_ok()
            }),
            KeyKind::Ed25519(public) => by(public, &signature::ED25519).is_ok(),
            KeyKind::Rsa(public) => by(public, &signature::RSA_PKCS1_2048_8192_SHA256).is_ok(),
        }
    }
}

/// Whether a text has the form of a key's name.
pub(crate) fn is_key_name(text: &str) -> bool {
    text.len() == KEY_CHARS && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// Three keys of one simulated account, with what a client needs to sign. Made at start, worthless elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestKeys {
    /// The name of the HMAC key.
    pub hmac_key: String,
    /// Its secret.
    pub hmac_secret: String,
    /// The name of the Ed25519 key.
    pub ed25519_key: String,
    /// Its private key: PKCS#8 in PEM.
    pub ed25519_private_pem: String,
    /// Its public key: SubjectPublicKeyInfo in PEM.
    pub ed25519_public_pem: String,
    /// The name of the RSA key.
    pub rsa_key: String,
    /// Its private key: PKCS#8 in PEM. The same pair at every start: 2048 bits take seconds to make.
    pub rsa_private_pem: String,
    /// Its public key: SubjectPublicKeyInfo in PEM.
    pub rsa_public_pem: String,
}

impl TestKeys {
    /// New keys, from the system's random numbers.
    ///
    /// # Errors
    /// When the system gives none.
    pub fn generate() -> Result<Self, KeyError> {
        let random = SystemRandom::new();
        let mut seed = [0u8; 32];
        random.fill(&mut seed).map_err(|_| KeyError::Random)?;
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|_| KeyError::Random)?;
        Ok(Self {
            hmac_key: random_text(&random)?,
            hmac_secret: random_text(&random)?,
            ed25519_key: random_text(&random)?,
            ed25519_private_pem: pem("PRIVATE KEY", &[&ED25519_PRIVATE_HEAD[..], &seed].concat()),
            ed25519_public_pem: pem("PUBLIC KEY", &[&ED25519_PUBLIC_HEAD[..], pair.public_key().as_ref()].concat()),
            rsa_key: random_text(&random)?,
            rsa_private_pem: WORTHLESS_RSA.to_owned(),
            rsa_public_pem: WORTHLESS_RSA_PUBLIC.to_owned(),
        })
    }

    /// What the venue has to know of them.
    ///
    /// # Errors
    /// When one of the texts was changed into no key.
    pub fn api_keys(&self) -> Result<Vec<ApiKey>, KeyError> {
        Ok(vec![
            ApiKey::hmac(&self.hmac_key, &self.hmac_secret)?,
            ApiKey::from_public_pem(&self.ed25519_key, &self.ed25519_public_pem)?,
            ApiKey::from_public_pem(&self.rsa_key, &self.rsa_public_pem)?,
        ])
    }
}

/// A listen key: letters and digits that only depend on the number; nobody has to be kept from guessing them here.
pub(crate) fn listen_key(number: u64) -> String {
    const LETTERS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut state = number;
    let mut letter = || {
        // splitmix64: every seed gives another sequence.
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        char::from(LETTERS[((z ^ (z >> 31)) % 62) as usize])
    };
    (0..KEY_CHARS).map(|_| letter()).collect()
}

/// 64 random letters and digits.
fn random_text(random: &SystemRandom) -> Result<String, KeyError> {
    const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut text = String::with_capacity(KEY_CHARS);
    while text.len() < KEY_CHARS {
        let mut byte = [0u8];
        random.fill(&mut byte).map_err(|_| KeyError::Random)?;
        // Bytes past the last multiple of 62 would make some letters likelier.
        if let Some(letter) = LETTERS.get(usize::from(byte[0] % 62)).filter(|_| byte[0] < 248) {
            text.push(char::from(*letter));
        }
    }
    Ok(text)
}

fn pem(label: &str, der: &[u8]) -> String {
    let mut text = format!("-----BEGIN {label}-----\n");
    let body = STANDARD.encode(der);
    for line in body.as_bytes().chunks(64) {
        text.extend(line.iter().map(|b| char::from(*b)));
        text.push('\n');
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text
}

/// The bytes of the first block of a PEM text that is a public key.
fn pem_body(pem: &str) -> Option<Vec<u8>> {
    let (_, rest) = pem.split_once("-----BEGIN PUBLIC KEY-----")?;
    let (body, _) = rest.split_once("-----END PUBLIC KEY-----")?;
    STANDARD.decode(body.split_whitespace().collect::<String>()).ok()
}

/// The content that a DER length at the start of `bytes` announces.
fn der_content(bytes: &[u8]) -> Option<&[u8]> {
    let (first, rest) = bytes.split_first()?;
    let more = match first {
        0..=0x7f => return rest.get(..usize::from(*first)),
        0x81 | 0x82 => usize::from(first & 0x0f),
        _ => return None,
    };
    let length = rest.get(..more)?.iter().fold(0usize, |sum, b| sum << 8 | usize::from(*b));
    rest.get(more..)?.get(..length)
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |b: &u8| char::from(*b).to_digit(16);
    let pair = |pair: &[u8]| match pair {
        [high, low] => u8::try_from(digit(high)? * 16 + digit(low)?).ok(),
        _ => None,
    };
    text.as_bytes().chunks(2).map(pair).collect()
}
