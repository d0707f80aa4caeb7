//! Pages that are made from the code stay as the code is. `BLESS=1 cargo test -p crosstick-engine --test house docs` rewrites them.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crosstick_model::DenyCode;
use crosstick_model::decision::Decline;

fn check(page: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a workspace").join(page);
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, text).expect("the page can be written");
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == text, "{page} is not what the code says; BLESS=1 rewrites it");
}

#[test]
fn every_reason_for_not_trading_is_on_its_page() {
    let mut text = String::from(
        "# Why an opportunity is not traded\n\n\
         Made from the code; the codes stand in the report, the opportunity file and shared memory.\n\n\
         ## Denied by risk\n\n| number | code | meaning |\n|---|---|---|\n",
    );
    for code in DenyCode::ALL {
        writeln!(text, "| {} | `{}` | {} |", *code as u8, code.code(), code.sentence()).expect("a String takes all");
    }
    text.push_str("\n## Declined by the strategy\n\n| code | meaning |\n|---|---|\n");
    for reason in Decline::ALL {
        writeln!(text, "| `{}` | {} |", reason.code(), reason.sentence()).expect("a String takes all");
    }
    check("docs/deny-codes.md", &text);
}
