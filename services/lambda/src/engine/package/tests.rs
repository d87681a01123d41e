//! Packages that are taken, and those that are not.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;

use zip::CompressionMethod;
use zip::write::{SimpleFileOptions, ZipWriter};

use super::*;

fn zip_of(entries: &[(&str, u32, &[u8])]) -> Bytes {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, mode, content) in entries {
        let options =
            SimpleFileOptions::default().unix_permissions(*mode).compression_method(CompressionMethod::Deflated);
        match name.strip_suffix('/') {
            Some(_) => writer.add_directory(*name, options).unwrap(),
            None => {
                writer.start_file(*name, options).unwrap();
                writer.write_all(content).unwrap();
            }
        }
    }
    Bytes::from(writer.finish().unwrap().into_inner())
}

/// The same zip with one name (of the same length) put in the place of another.
fn renamed(zip: &Bytes, from: &str, to: &str) -> Bytes {
    assert_eq!(from.len(), to.len());
    let (mut bytes, mut at) = (zip.to_vec(), 0);
    while at + from.len() <= bytes.len() {
        if bytes[at..].starts_with(from.as_bytes()) {
            bytes[at..at + from.len()].copy_from_slice(to.as_bytes());
        }
        at += 1;
    }
    Bytes::from(bytes)
}

/// The zip with another Unix file type in its central directory.
fn typed(zip: &Bytes, mode_type: u32) -> Bytes {
    let mut bytes = zip.to_vec();
    let at = bytes.windows(4).position(|w| w == b"PK\x01\x02").unwrap() + 38;
    bytes[at + 2..at + 4].copy_from_slice(&((mode_type | 0o777) as u16).to_le_bytes());
    Bytes::from(bytes)
}

#[test]
fn a_package_is_unpacked_readable_by_everyone() {
    let zip = zip_of(&[
        ("app.py", 0o600, b"x = 1"),
        ("bin/run", 0o700, b"#!"),
        ("./lib/", 0o700, b""),
        ("lib/a.py", 0o644, b""),
    ]);
    assert_eq!(judge(&zip).map(drop), Ok(()));
    let folder = tempfile::tempdir().unwrap();
    unpack(&zip, folder.path()).unwrap();
    let mode = |path: &str| std::fs::metadata(folder.path().join(path)).unwrap().permissions().mode() & 0o7777;
    assert_eq!(
        (mode("app.py"), mode("bin"), mode("bin/run"), mode("lib"), mode("lib/a.py")),
        (0o644, 0o755, 0o755, 0o755, 0o644)
    );
    assert_eq!(std::fs::read(folder.path().join("app.py")).unwrap(), b"x = 1");
}

fn check_name(name: &str) {
    let placeholder = "q".repeat(name.len());
    let zip = renamed(&zip_of(&[("app.py", 0o644, b"1"), (&placeholder, 0o644, b"2")]), &placeholder, name);
    assert_eq!(judge(&zip), Err(BadPackage::NotUnzippable), "{name:?}");
    let folder = tempfile::tempdir().unwrap();
    assert!(unpack(&zip, folder.path()).is_err(), "{name:?}");
}

#[test]
fn names_that_lead_elsewhere_are_refused() {
    for name in [
        "../up.py",
        "a/../../b",
        "/etc/passwd",
        "a\\b.py",
        "a\0b.py",
        "..",
        "app.py/x",
        "app.py",
        "./app.py",
        "//app.py",
    ] {
        check_name(name);
    }
    check_name(&"n".repeat(NAME_BYTES_MAX + 1).replace('n', "m"));
}

#[test]
fn only_files_and_folders_are_taken() {
    let zip = zip_of(&[("link", 0o777, b"/etc/passwd")]);
    assert_eq!(judge(&zip).map(drop), Ok(()));
    for (kind, mode_type) in
        [("link", 0o120_000), ("device", 0o020_000), ("block", 0o060_000), ("pipe", 0o010_000), ("socket", 0o140_000)]
    {
        assert_eq!(judge(&typed(&zip, mode_type)), Err(BadPackage::NotUnzippable), "{kind}");
    }
}

#[test]
fn what_is_no_zip_is_refused() {
    let zip = zip_of(&[("app.py", 0o644, b"print('a long enough line of code')")]);
    assert_eq!(judge(&Bytes::new()), Err(BadPackage::Empty));
    assert_eq!(judge(&zip_of(&[])), Err(BadPackage::Empty));
    assert_eq!(judge(&Bytes::from_static(b"not a zip")), Err(BadPackage::NotUnzippable));
    for cut in 1..zip.len() {
        assert!(judge(&zip.slice(..cut)).is_err(), "cut at {cut}");
    }
    for at in 0..zip.len() {
        let mut broken = zip.to_vec();
        broken[at] ^= 0xff;
        let _ = judge(&Bytes::from(broken));
    }
}

#[test]
fn a_bomb_is_counted_while_it_is_inflated() {
    let zip = zip_of(&[("a", 0o644, &[0; 60_000]), ("b", 0o644, &[0; 60_000])]);
    let mut seen = 0;
    let mut walked = |max| {
        walk(&zip, max, &mut |_, content| io::copy(content, &mut io::sink()).map(|n| seen += n)).map_err(|(bad, _)| bad)
    };
    assert_eq!(walked(120_001), Ok(()));
    assert_eq!(walked(120_000), Err(BadPackage::TooLarge));
    assert_eq!(walked(1), Err(BadPackage::TooLarge));
    assert_eq!(seen, 120_000 + 60_000);
}

#[test]
fn what_stands_in_the_way_of_another_package_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    for (name, seen) in [("a", "a"), ("a/b", "a/b"), ("a/b/c", "a/b/c"), ("a/b", "a/b"), ("a", "a")] {
        let zip = zip_of(&[(name, 0o644, name.as_bytes())]);
        assert_eq!(judge(&zip), Ok(name.len() as u64));
        unpack(&zip, folder.path()).unwrap();
        assert_eq!(std::fs::read_to_string(folder.path().join(seen)).unwrap(), name);
    }
}
