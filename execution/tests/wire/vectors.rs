//! The documented signatures.

use crosstick_execution::binance::{Auth, Signer};
use crosstick_model::Scale;
use serde_json::json;

use crate::desk::{self, ED_KEY, ED_PEM, KEY, encoder, hmac, instrument, request, spec};

fn sign(signer: &Signer, text: &str) -> String {
    let mut out = vec![0; signer.signature_len()];
    assert!(signer.sign(text.as_bytes(), &mut out));
    String::from_utf8(out).unwrap()
}

#[test]
fn hmac_of_the_web_socket_api() {
    for (text, signature) in [
        (
            format!(
                "apiKey={KEY}&price=52000.00&quantity=0.01000000&recvWindow=100&side=SELL&symbol=BTCUSDT&\
                 timeInForce=GTC&timestamp=1645423376532&type=LIMIT"
            ),
            "aa1b5712c094bc4e57c05a1a5c1fd8d88dcd628338ea863fec7b88e59fe2db24",
        ),
        (
            format!(
                "apiKey={KEY}&price=0.10000000&quantity=1.00000000&recvWindow=5000&side=BUY&symbol=１２３４５６&\
                 timeInForce=GTC&timestamp=1645423376532&type=LIMIT"
            ),
            "b33892ae8e687c939f4468c6268ddd4c40ac1af18ad19a064864c47bae0752cd",
        ),
        (
            "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&\
             timestamp=1499827319559"
                .to_owned(),
            "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71",
        ),
    ] {
        assert_eq!(sign(&hmac(), &text), signature, "{text}");
    }
}

/// FIX logon is the one Ed25519 example whose private key is published; the others are of the same key.
#[test]
fn ed25519() {
    let signer = desk::ed25519();
    let public = [
        0x19, 0x42, 0x0a, 0xbf, 0xd7, 0x52, 0xa5, 0x65, 0xc1, 0x56, 0x25, 0xe9, 0xda, 0x6e, 0xaf, 0x00, 0x86, 0xfc,
        0x40, 0xc1, 0x49, 0x60, 0x18, 0x32, 0x14, 0x44, 0x2c, 0x14, 0x99, 0x6a, 0x80, 0x0d,
    ];
    assert_eq!(signer.public_key(), Some(public));
    for (text, signature) in [
        (
            "A\u{1}EXAMPLE\u{1}SPOT\u{1}1\u{1}20240627-11:17:25.223".to_owned(),
            "4MHXelVVcpkdwuLbl6n73HQUXUf1dse2PCgT1DYqW9w8AVZ1RACFGM+5UdlGPrQHrgtS3CvsRURC1oj73j8gCA==",
        ),
        (
            format!(
                "apiKey={ED_KEY}&price=52000.00&quantity=0.01000000&recvWindow=100&side=SELL&symbol=BTCUSDT&\
                 timeInForce=GTC&timestamp=1645423376532&type=LIMIT"
            ),
            "82wlF5RobwT7JZehRQgOaupNEm5GrAqJj5tqZeCCE6ZxkhlUbWBThOx00q3FVnCKn882P+9p85phztjk4bOMAQ==",
        ),
    ] {
        assert_eq!(sign(&signer, &text), signature);
    }
    assert_eq!(ED_PEM.lines().count(), 3);
}

#[test]
fn the_documented_logon() {
    let instrument = instrument("BTCUSDT", Scale::DEFAULT, 1, 1);
    let mut session = encoder(spec(desk::ed25519(), Auth::Session), &instrument).unwrap();
    let logon = request(&session.logon(1_649_729_878_532).expect("a session is logged on"));
    let params = json!({
        "apiKey": ED_KEY, "timestamp": 1_649_729_878_532_u64,
        "signature": "cGkloHLHGGNbrduoWDYBlzIPwRHyDVYVfCE0rDkPwKdKedurBgm2JNWRkwloQDBFG6Mcloavo1siYfEtZbV/Ag==",
    });
    assert_eq!(logon, json!({ "id": "logon", "method": "session.logon", "params": params }));
    let mut single = encoder(spec(desk::ed25519(), Auth::PerRequest), &instrument).unwrap();
    assert_eq!(single.logon(1_649_729_878_532), None, "requests that are signed need none");
}
