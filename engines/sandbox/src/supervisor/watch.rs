//! The memory of sandboxes on hosts without cgroups: looked at from time to time.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Memory that is resident in all processes of a user, shared pages counted in each.
pub(super) fn resident_bytes(uid: u32) -> u64 {
    let page = rustix::param::page_size() as u64;
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let mut pages = 0;
    for process in processes {
        if process.metadata().is_ok_and(|found| found.uid() == uid) {
            pages += resident_pages(&process.path()).unwrap_or_default();
        }
    }
    pages * page
}

fn resident_pages(process: &Path) -> Option<u64> {
    let text = fs::read_to_string(process.join("statm")).ok()?;
    text.split(' ').nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_memory_is_seen_and_nobodys_is_not() {
        let own = fs::metadata("/proc/self").unwrap().uid();
        assert!(resident_bytes(own) > 1 << 20);
        assert_eq!(resident_bytes(4_294_000_001), 0);
    }
}
