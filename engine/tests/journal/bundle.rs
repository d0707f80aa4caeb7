//! A session in one file.

use crate::support;

use crate::run;

use std::fs;

use crosstick_engine::config::Overrides;
use crosstick_engine::journal::bundle::{is_bundle, make, unpack};
use crosstick_engine::journal::verify::verify;
use run::Rig;
use support::journalled::{drive, with};

#[test]
fn a_bundle_holds_the_session_byte_by_byte() {
    let home = tempfile::tempdir().unwrap();
    let (dir, driver, _) = with(home.path(), 1 << 20, &Overrides::none(), |d, s| drive(d, 30_000, s));
    let file = home.path().join("session.xtb");
    let (description, verified) = make(&dir, &file, &mut |_| ()).unwrap();
    assert!(verified.is_identical() && description.identical && is_bundle(&file) && !is_bundle(&dir));
    assert_eq!(description.decisions_hash, driver.core().hash().hex());
    let folder;
    {
        let unpacked = unpack(&file).unwrap();
        folder = unpacked.dir().to_path_buf();
        assert_eq!(unpacked.description, description);
        assert!(description.files.len() > 2);
        for file in &description.files {
            assert_eq!(fs::read(dir.join(&file.name)).unwrap(), fs::read(folder.join(&file.name)).unwrap(), "{file:?}");
        }
        assert_eq!(verify(&folder, &mut |_| ()).unwrap(), verified);
    }
    assert!(!folder.exists(), "it goes when it is not used any more");
    assert!(make(&dir, &file, &mut |_| ()).unwrap_err().to_string().contains("cannot create"), "never written over");
}

#[test]
fn any_damage_of_a_bundle_is_found() {
    let home = tempfile::tempdir().unwrap();
    let (dir, ..) = with(home.path(), 1 << 20, &Overrides::none(), |d, s| drive(d, 1_000, s));
    let file = home.path().join("session.xtb");
    make(&dir, &file, &mut |_| ()).unwrap();
    let whole = fs::read(&file).unwrap();
    for i in 0..60 {
        let mut bytes = whole.clone();
        let at = i * whole.len() / 60;
        if i % 2 == 0 {
            bytes.truncate(at);
        } else {
            bytes[at] ^= 1 << (i % 8);
        }
        fs::write(&file, &bytes).unwrap();
        let error = unpack(&file).expect_err("damage").to_string();
        assert!(error.contains("is not a whole bundle"), "{error}");
    }
}

#[test]
fn a_bundle_that_leads_elsewhere_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let (dir, ..) = with(home.path(), 1 << 20, &Overrides::none(), |d, s| drive(d, 1_000, s));
    let file = home.path().join("session.xtb");
    let (mut description, _) = make(&dir, &file, &mut |_| ()).unwrap();
    let bytes = fs::read(dir.join(&description.files[0].name)).unwrap();
    for name in ["../000000.seg", "/tmp/000000.seg", "bundle.json", "000000.sh"] {
        description.files.truncate(1);
        description.files[0].name = name.into();
        let mut tar = tar::Builder::new(zstd::Encoder::new(fs::File::create(&file).unwrap(), 0).unwrap());
        let json = serde_json::to_vec(&description).unwrap();
        for (name, bytes) in [("bundle.json", &json), (name, &bytes)] {
            // By hand: a builder refuses such names itself.
            let mut header = tar::Header::new_gnu();
            header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            header.set_cksum();
            tar.append(&header, bytes.as_slice()).unwrap();
        }
        tar.into_inner().unwrap().finish().unwrap();
        let error = unpack(&file).unwrap_err().to_string();
        assert!(error.contains("is not what its description says"), "{name}: {error}");
    }
    assert!(!home.path().parent().unwrap().join("000000.seg").exists());
}

#[test]
fn commands_take_a_bundle_where_they_take_a_folder() {
    let rig = Rig::new();
    let (dir, driver, _) = with(&rig.path("journal"), 1 << 20, &Overrides::none(), |d, s| drive(d, 5_000, s));
    let hash = driver.core().hash().hex();
    let made = rig.run(["bundle", "journal", "one.xtb"]).expect(0);
    assert!(made.out.contains("identical when run again") && made.out.contains(&hash), "{}", made.out);
    fs::remove_dir_all(dir).unwrap();
    let verified = rig.run(["replay", "--journal", "one.xtb", "--verify"]).expect(0);
    assert!(verified.out.contains("identical: ") && verified.out.contains(&hash), "{}", verified.out);
    let same = rig.run(["replay", "--journal", "one.xtb"]).expect(0);
    assert!(same.out.contains(&format!("the same decisions: hash {hash}")), "{}", same.out);
    let told = rig.run(["explain", "--journal", "one.xtb", "--opportunity", "1"]).expect(0);
    assert!(told.out.starts_with("opportunity 1: "), "{}", told.out);
    assert_eq!(fs::read_dir(rig.tmp()).unwrap().count(), 0, "what was unpacked is gone");
    rig.run(["bundle", "journal", "two.xtb"]).expect(2);
}
