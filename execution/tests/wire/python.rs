//! Signatures against Python's hmac and openssl's Ed25519: neither shares code with what signs here.

use std::io::Write;
use std::process::{Command, Stdio};

use crosstick_execution::binance::{Auth, Signer};
use crosstick_model::{Scale, Side, TimeInForce};

use crate::desk::{ED_PEM, SECRET, approved, ed25519, encoder, hmac, instrument, spec, text};

/// Some hundred requests of one signer, a line each.
fn requests(signer: Signer, count: i64) -> Vec<String> {
    let instrument = instrument("BTCUSDT", Scale::new(2, 5).unwrap(), 1, 1);
    let mut encoder = encoder(spec(signer, Auth::PerRequest), &instrument).unwrap();
    let mut lines = Vec::new();
    for n in 1..=count {
        let side = if n % 2 == 0 { Side::Buy } else { Side::Sell };
        let order = approved(&instrument, side, 17 * n * n, 3 * n, TimeInForce::Ioc, 1).unwrap();
        let id = order.order().id;
        lines.push(text(encoder.place(order, 1_660_801_715_431 + n as u64).unwrap()));
        lines.push(text(encoder.cancel(instrument.id, id, 1_660_801_715_431).unwrap()));
    }
    lines
}

/// What the script says, or why it cannot run here. `scripts/test` names what is missing; without Python this proves
/// nothing, so it fails rather than passes.
fn ask(script: &str, arguments: &[&str], lines: &[String]) -> String {
    let mut child = Command::new("python3")
        .args(["-c", script])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3; scripts/test says how to install it");
    let mut input = child.stdin.take().expect("a pipe");
    input.write_all(lines.join("\n").as_bytes()).expect("written");
    drop(input);
    let done = child.wait_with_output().expect("an end");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stdout));
    String::from_utf8(done.stdout).expect("UTF-8").trim().to_owned()
}

const HMAC: &str = r#"
import hashlib, hmac, json, sys
good = 0
for line in sys.stdin:
    params = json.loads(line)["params"]
    given = params.pop("signature")
    text = "&".join(f"{k}={params[k]}" for k in sorted(params))
    good += hmac.new(sys.argv[1].encode(), text.encode(), hashlib.sha256).hexdigest() == given
print(good)
"#;

#[test]
fn hmac_as_python_computes_it() {
    let lines = requests(hmac(), 200);
    assert_eq!(ask(HMAC, &[SECRET], &lines), lines.len().to_string());
    // The script can say no.
    assert_eq!(ask(HMAC, &["another secret"], &lines), "0");
}

const OPENSSL: &str = r#"
import base64, json, os, subprocess, sys, tempfile
good = 0
with tempfile.TemporaryDirectory() as folder:
    at = lambda name: os.path.join(folder, name)
    open(at("key"), "w").write(sys.argv[1])
    subprocess.run(["openssl", "pkey", "-in", at("key"), "-pubout", "-out", at("public")], check=True)
    for line in sys.stdin:
        params = json.loads(line)["params"]
        open(at("signature"), "wb").write(base64.b64decode(params.pop("signature"), validate=True))
        text = "&".join(f"{k}={params[k]}" for k in sorted(params))
        open(at("text"), "wb").write((text + sys.argv[2]).encode())
        good += subprocess.run(
            ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", at("public"), "-rawin", "-in", at("text"),
             "-sigfile", at("signature")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0
print(good)
"#;

#[test]
fn ed25519_as_openssl_verifies_it() {
    let lines = requests(ed25519(), 4);
    assert_eq!(ask(OPENSSL, &[ED_PEM, ""], &lines), lines.len().to_string());
    assert_eq!(ask(OPENSSL, &[ED_PEM, "x"], &lines), "0");
}
