//! The lines outside its folder that a house needs: workspace, models, server, fuzz targets.

use std::path::Path;

use anyhow::Context;

/// Adds the house to the workspace, to the models that `cargo xtask models` fetches, to the server and to the fuzz targets.
pub fn register(root: &Path, house: &str, model: &str, source: &str) -> anyhow::Result<()> {
    for (file, edit) in edits(house, model, source) {
        let path = root.join(file);
        let text = std::fs::read_to_string(&path).with_context(|| file.to_owned())?;
        let text = edit.apply(&text).with_context(|| format!("{file}: no line to add {house} after"))?;
        std::fs::write(&path, text)?;
    }
    Ok(())
}

/// A line that goes behind the last one that contains what its kin do.
struct Edit {
    kin: &'static str,
    line: String,
}

impl Edit {
    fn apply(&self, text: &str) -> Option<String> {
        let mut lines: Vec<&str> = text.lines().collect();
        let at = lines.iter().rposition(|line| line.contains(self.kin))?;
        lines.insert(at + 1, &self.line);
        Some(lines.join("\n") + "\n")
    }
}

fn edits(house: &str, model: &str, source: &str) -> [(&'static str, Edit); 6] {
    let krate = house.replace('-', "_");
    let edit = |kin, line| Edit { kin, line };
    [
        ("Cargo.toml", edit(" = { path = \"services/", format!("{house} = {{ path = \"services/{house}\" }}"))),
        ("xtask/src/models.rs", edit("    (\"", format!("    ({house:?}, {model:?}, {source:?}),"))),
        ("clearsky/Cargo.toml", edit(".workspace = true", format!("{house}.workspace = true"))),
        ("clearsky/src/wiring.rs", edit("::service(),", format!("        {krate}::service(),"))),
        ("fuzz/Cargo.toml", edit(".workspace = true", format!("{house}.workspace = true"))),
        ("fuzz/src/targets/operations.rs", edit("::service(),", format!("        {krate}::service(),"))),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_this_project_has_a_place_for_the_line() {
        let root = crate::root().unwrap();
        for (file, edit) in edits("book-shelf", "shelf", "shelf/2026-11-24") {
            let before = std::fs::read_to_string(root.join(file)).unwrap();
            let after = edit.apply(&before).unwrap();
            let added: Vec<&str> = after.lines().filter(|line| line.contains("shelf")).collect();
            assert_eq!(added, [edit.line.as_str()], "{file}");
            let at = after.lines().position(|line| line == edit.line).unwrap();
            assert!(after.lines().nth(at - 1).unwrap().contains(edit.kin), "{file}");
            assert_eq!(after.lines().count(), before.lines().count() + 1, "{file}");
        }
    }
}
