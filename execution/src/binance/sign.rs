//! HOT: [`Signer::sign`]. Whose requests they are, proven: HMAC-SHA256 as hex, or Ed25519 as base64.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring_crypto::hmac;
use ring_crypto::signature::{ED25519_PUBLIC_KEY_LEN, Ed25519KeyPair, KeyPair};
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject;
use thiserror::Error;

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Why a secret cannot be used. Never says what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SecretError {
    /// An empty HMAC secret.
    #[error("the secret is empty; copy it from the venue's key management, where it is shown once")]
    Empty,
    /// No Ed25519 private key.
    #[error("not an Ed25519 private key in PEM (PKCS#8); make one with: openssl genpkey -algorithm ed25519")]
    Pem,
}

/// The secret of an API key. Printing it shows its kind alone.
pub struct Signer(Secret);

enum Secret {
    Hmac(hmac::Key),
    Ed25519(Box<Ed25519KeyPair>),
}

impl Signer {
    /// HMAC-SHA256 by this secret. The venue deprecates such keys, and they cannot log a session on.
    ///
    /// # Errors
    /// [`SecretError::Empty`].
    pub fn hmac(secret: &str) -> Result<Self, SecretError> {
        if secret.is_empty() {
            return Err(SecretError::Empty);
        }
        Ok(Self(Secret::Hmac(hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()))))
    }

    /// Ed25519 by a private key in PEM, as `openssl genpkey` writes it.
    ///
    /// # Errors
    /// [`SecretError::Pem`].
    pub fn ed25519_pem(pem: &str) -> Result<Self, SecretError> {
        let der = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| SecretError::Pem)?;
        // openssl leaves the public key out of the file, so there is nothing to check it against.
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der.secret_pkcs8_der()).map_err(|_| SecretError::Pem)?;
        Ok(Self(Secret::Ed25519(Box::new(pair))))
    }

    /// Whether a session can be logged on with it, so that single requests need no signature.
    #[must_use]
    pub const fn can_log_on(&self) -> bool {
        matches!(self.0, Secret::Ed25519(_))
    }

    /// The public key of an Ed25519 signer.
    #[must_use]
    pub fn public_key(&self) -> Option<[u8; ED25519_PUBLIC_KEY_LEN]> {
        match &self.0 {
            Secret::Hmac(_) => None,
            Secret::Ed25519(pair) => pair.public_key().as_ref().try_into().ok(),
        }
    }

    /// Characters of a signature.
    #[must_use]
    pub const fn signature_len(&self) -> usize {
        match self.0 {
            Secret::Hmac(_) => 64,
            Secret::Ed25519(_) => 88,
        }
    }

    /// Writes the signature of `text` into `out`, which must have exactly its length; `false`, and nothing of use in
    /// `out`, when it has not.
    #[inline]
    pub fn sign(&self, text: &[u8], out: &mut [u8]) -> bool {
        if out.len() != self.signature_len() {
            return false;
        }
        match &self.0 {
            Secret::Hmac(key) => {
                let tag = hmac::sign(key, text);
                for (pair, byte) in out.chunks_exact_mut(2).zip(tag.as_ref()) {
                    pair.copy_from_slice(&[HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
                }
                true
            }
            Secret::Ed25519(pair) => STANDARD.encode_slice(pair.sign(text), out).is_ok(),
        }
    }
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.0 {
            Secret::Hmac(_) => "Signer(HMAC, hidden)",
            Secret::Ed25519(_) => "Signer(Ed25519, hidden)",
        })
    }
}
