//! A corpus of configs with mistakes: each file's messages stand beside it, places exact.
//!
//! `CROSSTICK_BLESS=1` writes the messages anew; read the difference before keeping it.

use std::path::{Path, PathBuf};

use crosstick_engine::config::{Config, Overrides};

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/config")
}

#[test]
fn every_mistake_of_the_corpus_is_told_with_its_place() {
    let mut files: Vec<PathBuf> = std::fs::read_dir(corpus())
        .expect("the corpus is there")
        .map(|entry| entry.expect("readable").path())
        .filter(|path| path.extension().is_some_and(|e| e == "toml"))
        .collect();
    files.sort();
    assert!(files.len() >= 8, "the corpus has shrunk to {}", files.len());
    for file in files {
        let name = file.file_name().expect("a file").to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&file).expect("readable");
        let mistakes = Config::parse(&name, &text, Path::new("/etc/crosstick"), &Overrides::none())
            .expect_err("every file of the corpus has mistakes");
        let told = format!("{mistakes}\n");
        let golden = file.with_extension("txt");
        if std::env::var_os("CROSSTICK_BLESS").is_some() {
            std::fs::write(&golden, &told).expect("writable");
        }
        let expected = std::fs::read_to_string(&golden).expect("messages beside the file");
        assert_eq!(told, expected, "{name}");
    }
}

#[test]
fn a_secret_in_an_address_is_not_repeated() {
    let text = std::fs::read_to_string(corpus().join("values.toml")).expect("readable");
    let mistakes = Config::parse("x", &text, Path::new("/"), &Overrides::none()).expect_err("mistakes");
    assert!(!mistakes.to_string().contains("secret"), "{mistakes}");
}

#[test]
fn a_file_that_cannot_be_read_is_one_mistake() {
    let dir = tempfile::tempdir().expect("a directory");
    let absent = dir.path().join("absent.toml");
    let told = Config::load(Some(&absent), &Overrides::none()).expect_err("absent").to_string();
    assert!(told.contains("absent.toml: cannot be read") && told.contains("crosstick init"), "{told}");

    let told = Config::load(Some(dir.path()), &Overrides::none()).expect_err("a directory").to_string();
    assert!(told.contains("cannot be read"), "{told}");

    let latin = dir.path().join("latin.toml");
    std::fs::write(&latin, b"# caf\xe9\n").expect("writable");
    let told = Config::load(Some(&latin), &Overrides::none()).expect_err("not UTF-8").to_string();
    assert!(told.contains("latin.toml:1:6: not UTF-8"), "{told}");

    let huge = dir.path().join("huge.toml");
    std::fs::write(&huge, vec![b'#'; (1 << 20) + 1]).expect("writable");
    let told = Config::load(Some(&huge), &Overrides::none()).expect_err("too large").to_string();
    assert!(told.contains("larger than 1048576 bytes"), "{told}");

    let empty = dir.path().join("empty.toml");
    std::fs::write(&empty, b"").expect("writable");
    let told = Config::load(Some(&empty), &Overrides::none()).expect_err("no venue").to_string();
    assert!(told.contains("there is no [[venue]]"), "{told}");
}
