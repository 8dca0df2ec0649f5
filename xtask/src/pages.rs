//! What the dashboard's tests check pages with: packages of npm, below `target`.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::{step, workspace};

/// Where the tests say what they need, with the checksums of it.
const FOLDER: &str = "crates/service/tests/browser";

const FILES: [&str; 2] = ["package.json", "package-lock.json"];

/// Installs them, unless they are there: versions and checksums are in the lock file, and no script of theirs is run.
pub(crate) fn install() -> anyhow::Result<()> {
    let folder = workspace::metadata()?.target_directory.join("browser");
    if is_installed(&workspace::root().join(FOLDER), &folder) {
        return Ok(());
    }
    println!("Installing axe-core and the checker of HTML with npm.");
    fs::create_dir_all(&folder)?;
    for file in FILES {
        fs::copy(workspace::root().join(FOLDER).join(file), folder.join(file))?;
    }
    step::run(
        Command::new("npm")
            .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
            .current_dir(&folder),
    )
}

/// Whether npm was there to its end, for the same lock file: it writes its own at the end.
fn is_installed(wanted: &Path, folder: &Path) -> bool {
    let same = |file: &str| {
        fs::read(wanted.join(file))
            .ok()
            .is_some_and(|text| fs::read(folder.join(file)).is_ok_and(|other| other == text))
    };
    folder.join("node_modules/.package-lock.json").exists() && FILES.iter().all(|file| same(file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_another_lock_file_asked_for_is_installed_anew() {
        let directory = tempfile::tempdir().unwrap();
        let [wanted, folder] = ["wanted", "folder"].map(|name| directory.path().join(name));
        for at in [&wanted, &folder] {
            fs::create_dir_all(at).unwrap();
            for file in FILES {
                fs::write(at.join(file), "{}").unwrap();
            }
        }
        assert!(!is_installed(&wanted, &folder), "npm never came to its end");
        fs::create_dir(folder.join("node_modules")).unwrap();
        fs::write(folder.join("node_modules/.package-lock.json"), "{}").unwrap();
        assert!(is_installed(&wanted, &folder));
        fs::write(wanted.join(FILES[1]), "{\"other\": 1}").unwrap();
        assert!(!is_installed(&wanted, &folder));
    }
}
