//! A reader before files that are no regions, or no longer: an error, never a crash.

mod common;

use std::fs;
use std::process::Command;

use common::{place, shape, universe};
use crosstick_ipc::{Place, Reader, RegionError, Writer};
use crosstick_model::InstrumentId;
use proptest::prelude::*;

/// The bytes of a good region.
fn good_region() -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    let place = place(dir.path());
    let universe = universe();
    let _writer = Writer::create(&place, &shape(&universe)).unwrap();
    fs::read(place.path()).unwrap()
}

/// Reads everything that can be read.
fn read_all(reader: &Reader) {
    let _ = (reader.identity().map(|i| i.is_live()), reader.engine(), reader.risk(), reader.denied());
    let _ = (reader.venues(), reader.markets(), reader.instruments(), reader.feeds(), reader.latency());
    for i in [0, 1, 2, u16::MAX] {
        let _ = (reader.price(InstrumentId(i)), reader.position(InstrumentId(i)));
    }
}

fn open(bytes: &[u8]) -> Result<Reader, RegionError> {
    let dir = tempfile::tempdir().unwrap();
    let place = place(dir.path());
    fs::write(place.path(), bytes).unwrap();
    let reader = Reader::open(&place)?;
    read_all(&reader);
    Ok(reader)
}

fn refused(bytes: &[u8]) -> String {
    match open(bytes) {
        Err(error @ (RegionError::Foreign { .. } | RegionError::Layout { .. })) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn short_and_foreign_files_are_refused() {
    let good = good_region();
    assert!(open(&good).is_ok());
    assert!(refused(b"").contains("shorter"));
    assert!(refused(&good[..63]).contains("shorter"));
    assert!(refused(&[0; 4096]).contains("magic"));
    assert!(refused(&[0xff; 4096]).contains("magic"));
    assert!(refused(b"receive-time frame\n".repeat(1000).as_slice()).contains("magic"));
    for length in [64, 65, 128, 1000, 4096, good.len() - 1] {
        assert!(refused(&good[..length]).contains("cut short"), "{length}");
    }
}

#[test]
fn another_layout_or_byte_order_is_named() {
    let mut bytes = good_region();
    bytes[8] = 9;
    assert!(refused(&bytes).contains("layout 9"));
    bytes[12..16].reverse();
    assert!(refused(&bytes).contains("byte order"));
}

#[test]
fn a_record_whose_writer_died_is_given_up() {
    let mut bytes = good_region();
    let reader = open(&bytes).unwrap();
    let offset_of = |name| reader.sections().iter().find(|s| s.name.starts_with(name)).unwrap().offset as usize;
    let (engine, instruments) = (offset_of(b"engine\0"), offset_of(b"instruments"));
    bytes[engine] |= 1;
    bytes[instruments] |= 1;
    let reader = open(&bytes).unwrap();
    assert_eq!(reader.engine(), None);
    assert_eq!(reader.instruments().len(), 1, "the other one");
    assert!(reader.risk().is_some());
}

#[test]
fn pipes_directories_and_links_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name| Place::in_dir(dir.path(), name).unwrap();
    fs::create_dir(at("directory").path()).unwrap();
    assert!(Command::new("mkfifo").arg(at("pipe").path()).status().unwrap().success());
    fs::write(dir.path().join("file"), good_region()).unwrap();
    std::os::unix::fs::symlink(dir.path().join("file"), at("link").path()).unwrap();
    for name in ["directory", "pipe", "link"] {
        assert!(matches!(Reader::open(&at(name)), Err(RegionError::Foreign { .. })), "{name}");
    }
    assert!(matches!(Reader::open(&at("nothing")), Err(RegionError::Missing { .. })));
}

#[test]
fn more_sections_and_longer_records_are_no_hindrance() {
    let good = good_region();
    // A section that this build does not know, in the place of one that it does.
    let mut bytes = good.clone();
    let at = bytes.windows(8).position(|w| w == b"engine\0\0").unwrap();
    bytes[at..at + 7].copy_from_slice(b"history");
    let reader = open(&bytes).unwrap();
    assert!(reader.engine().is_none() && reader.identity().is_some());
    // Table entries with more fields than are known.
    let (count, entry) = (12usize, 64usize);
    let mut bytes = good[..64].to_vec();
    bytes[16..20].copy_from_slice(&(64 + count as u32 * 72).to_le_bytes());
    bytes[24..28].copy_from_slice(&72u32.to_le_bytes());
    for i in 0..count {
        let mut section = good[64 + i * entry..64 + (i + 1) * entry].to_vec();
        let offset = u64::from_le_bytes(section[16..24].try_into().unwrap()) + 128;
        section[16..24].copy_from_slice(&offset.to_le_bytes());
        bytes.extend(section);
        bytes.extend([0xee; 8]);
    }
    bytes.resize(896 + 128, 0);
    bytes.extend(&good[896..]);
    let length = bytes.len() as u64;
    bytes[32..40].copy_from_slice(&length.to_le_bytes());
    let reader = open(&bytes).unwrap();
    assert_eq!(reader.instruments().len(), 2);
    assert_eq!(reader.identity().unwrap().pid, u64::from(std::process::id()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn damaged_headers_crash_nothing(
        hits in prop::collection::vec((0usize..832, prop_oneof![any::<u64>(), 0u64..200, Just(u64::MAX)]), 1..6)
    ) {
        thread_local!(static GOOD: Vec<u8> = good_region());
        let mut bytes = GOOD.with(Clone::clone);
        for (at, word) in hits {
            let at = at / 8 * 8;
            bytes[at..at + 8].copy_from_slice(&word.to_le_bytes());
        }
        let _ = open(&bytes);
    }

    #[test]
    fn random_files_crash_nothing(mut bytes in prop::collection::vec(any::<u8>(), 0..3000), magic in any::<bool>()) {
        if magic && bytes.len() >= 16 {
            bytes[..8].copy_from_slice(b"XTICKSHM");
            bytes[8..16].copy_from_slice(&[1, 0, 0, 0, 4, 3, 2, 1]);
        }
        let _ = open(&bytes);
    }
}
