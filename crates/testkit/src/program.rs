//! Finding the programs that the servers are made of.

use std::env;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Where Debian keeps daemons, which is not on everybody's `PATH`.
const MORE_DIRECTORIES: [&str; 3] = ["/usr/sbin", "/sbin", "/usr/local/sbin"];

/// The full path of `program`, from `PATH` or a directory for daemons.
///
/// # Panics
///
/// When it is not there, with the Debian package to install: a test never skips in silence.
pub fn require(program: &str) -> PathBuf {
    require_in(program, &[])
}

/// [`require`], which looks into these directories too.
pub(crate) fn require_in(program: &str, more: &[PathBuf]) -> PathBuf {
    match find(program, more) {
        Some(path) => path,
        None => panic!(
            "this test needs `{program}`; on Debian: apt-get install {}",
            package(program)
        ),
    }
}

fn find(program: &str, more: &[PathBuf]) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain(MORE_DIRECTORIES.iter().map(PathBuf::from))
        .chain(more.iter().cloned())
        .map(|directory| directory.join(program))
        .find(|candidate| is_executable(candidate))
}

fn is_executable(path: &Path) -> bool {
    path.metadata()
        .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

fn package(program: &str) -> &str {
    match program {
        "sshd" => "openssh-server",
        "ssh" | "ssh-keygen" => "openssh-client",
        "jgit" => "jgit-cli",
        "java" => "default-jre-headless",
        "htpasswd" => "apache2-utils",
        "postgres" | "initdb" | "psql" => "postgresql",
        "chromedriver" => "chromium-driver",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_is_there_is_found() {
        assert!(require("git").is_absolute());
    }

    #[test]
    #[should_panic(expected = "apt-get install no-such-program-at-all")]
    fn a_missing_program_names_its_package() {
        require("no-such-program-at-all");
    }
}
