//! Keys for accounts that have none: made at the first start, kept in a directory, worthless anywhere else.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::account::SimAccount;
use crate::api::TestKeys;
use crate::error::SimError;

/// The file that lists all keys of a directory, by account, as JSON.
const LIST: &str = "keys.json";

/// The keys of one account, and where a client finds them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountKeys {
    /// Whose.
    pub account: String,
    /// The venue that the account is on; `None`: every venue.
    pub venue: Option<String>,
    /// The keys.
    pub keys: TestKeys,
    /// The Ed25519 private key in PEM, where files are written.
    pub ed25519_pem: Option<PathBuf>,
    /// The RSA private key in PEM, where files are written.
    pub rsa_pem: Option<PathBuf>,
}

/// Gives every account without keys some: those in `dir`, else new ones, which are written there.
pub(crate) fn ready(accounts: &mut [SimAccount], dir: Option<&Path>) -> Result<Vec<AccountKeys>, SimError> {
    let mut kept = dir.map_or_else(|| Ok(BTreeMap::new()), read)?;
    let mut all = Vec::new();
    let known = kept.len();
    for account in accounts.iter_mut().filter(|a| a.keys.is_empty()) {
        let wrong = |reason: String| SimError::Keys { account: account.name.clone(), reason };
        let keys = match kept.get(&account.name) {
            Some(keys) => keys.clone(),
            None => {
                let keys = TestKeys::generate().map_err(|e| wrong(e.to_string()))?;
                kept.insert(account.name.clone(), keys.clone());
                keys
            }
        };
        let remedy = |e| wrong(format!("{e}; remove {LIST} of the keys directory, and new keys are made"));
        account.keys = keys.api_keys().map_err(remedy)?;
        let file = |kind: &str| dir.map(|d| d.join(format!("{}-{kind}.pem", account.name)));
        all.push(AccountKeys {
            account: account.name.clone(),
            venue: account.venue.clone(),
            keys,
            ed25519_pem: file("ed25519"),
            rsa_pem: file("rsa"),
        });
    }
    if let Some(dir) = dir.filter(|_| !all.is_empty()) {
        write(dir, &all, (kept.len() > known).then_some(&kept))?;
    }
    Ok(all)
}

fn failed(path: &Path) -> impl FnOnce(std::io::Error) -> SimError + '_ {
    |source| SimError::File { path: path.to_owned(), source }
}

/// The keys that a directory has; none where it is not there.
fn read(dir: &Path) -> Result<BTreeMap<String, TestKeys>, SimError> {
    let path = dir.join(LIST);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(e) => return Err(failed(&path)(e)),
    };
    serde_json::from_str(&text)
        .map_err(|e| SimError::Config(format!("{}: {e}; remove it, and new keys are made", path.display())))
}

fn write(dir: &Path, all: &[AccountKeys], list: Option<&BTreeMap<String, TestKeys>>) -> Result<(), SimError> {
    fs::create_dir_all(dir).map_err(failed(dir))?;
    let put = |path: &Path, text: &str| fs::write(path, text).map_err(failed(path));
    for AccountKeys { account, keys, ed25519_pem, rsa_pem, .. } in all {
        for (private, private_text, kind, public_text) in [
            (ed25519_pem, &keys.ed25519_private_pem, "ed25519", &keys.ed25519_public_pem),
            (rsa_pem, &keys.rsa_private_pem, "rsa", &keys.rsa_public_pem),
        ] {
            if let Some(path) = private {
                put(path, private_text)?;
            }
            put(&dir.join(format!("{account}-{kind}-public.pem")), public_text)?;
        }
    }
    match list {
        // Writing text keys and text values as JSON cannot fail.
        Some(list) => put(&dir.join(LIST), &serde_json::to_string_pretty(list).unwrap_or_default()),
        None => Ok(()),
    }
}
