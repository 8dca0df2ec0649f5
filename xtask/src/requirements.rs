//! What the tests run beside Rust: real servers, from Debian's packages.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::bail;

use crate::step;

/// A program that tests start, and the package of Debian and Ubuntu that brings it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Requirement {
    package: &'static str,
    program: &'static str,
    /// What uses it.
    why: &'static str,
    /// What Debian and Ubuntu start with the package although the tests never use it.
    services: &'static [&'static str],
}

const REQUIREMENTS: &[Requirement] = &[
    Requirement {
        package: "git",
        program: "git",
        why: "the oracle, and half of every server",
        services: &[],
    },
    Requirement {
        package: "apache2",
        program: "apache2",
        why: "git http-backend as hosts run it",
        services: &["apache2.service"],
    },
    Requirement {
        package: "openssh-server",
        program: "sshd",
        why: "ssh remotes",
        services: &["ssh.socket", "ssh.service"],
    },
    Requirement {
        package: "openssh-client",
        program: "ssh",
        why: "refsync's own ssh transport",
        services: &[],
    },
    Requirement {
        package: "curl",
        program: "curl",
        why: "an HTTP client that is not ours",
        services: &[],
    },
    Requirement {
        package: "jgit-cli",
        program: "jgit",
        why: "a second implementation of Git",
        services: &[],
    },
    // jgit-cli brings none.
    Requirement {
        package: "default-jre-headless",
        program: "java",
        why: "what jgit runs on",
        services: &[],
    },
    Requirement {
        package: "postgresql",
        program: "initdb",
        why: "the database that several machines share",
        services: &["postgresql.service"],
    },
    Requirement {
        package: "virtualenv",
        program: "virtualenv",
        why: "a place for schemathesis, which compares the API with its document",
        services: &[],
    },
    Requirement {
        package: "chromium",
        program: "chromium",
        why: "a browser that looks at the dashboard",
        services: &[],
    },
    Requirement {
        package: "chromium-driver",
        program: "chromedriver",
        why: "what drives the browser",
        services: &[],
    },
    Requirement {
        package: "npm",
        program: "npm",
        why: "brings what checks pages: axe-core and the checker of HTML",
        services: &[],
    },
];

/// Installs what is missing. On a system without apt it can only say what to install.
pub(crate) fn install() -> anyhow::Result<()> {
    let mut directories = search_path(std::env::var_os("PATH").as_deref());
    directories.extend(postgresql_directories(Path::new("/usr/lib/postgresql")));
    let missing = missing(REQUIREMENTS, |program| {
        directories.iter().any(|dir| is_program(&dir.join(program)))
    });
    if missing.is_empty() {
        return Ok(());
    }
    println!("The tests need programs that this machine lacks:");
    for requirement in &missing {
        println!(
            "  {:<20} {} ({})",
            requirement.package, requirement.program, requirement.why
        );
    }
    if !directories.iter().any(|dir| is_program(&dir.join("apt-get"))) {
        bail!("install them (the names are those of Debian's packages) and run this again");
    }
    println!("Installing them with apt-get.");
    let packages: Vec<&str> = missing.iter().map(|requirement| requirement.package).collect();
    step::run(&mut as_root("apt-get", &["update", "-q"]))?;
    let install = [
        "DEBIAN_FRONTEND=noninteractive",
        "apt-get",
        "install",
        "-q",
        "-y",
        "--no-install-recommends",
    ];
    step::run(as_root("env", &install).args(packages))?;
    stop_services(&missing)
}

/// Debian starts a server with its package, and at every boot from then on. The tests start their own, on loopback;
/// a machine that had none before keeps none.
fn stop_services(installed: &[Requirement]) -> anyhow::Result<()> {
    let services: Vec<&str> = installed
        .iter()
        .flat_map(|requirement| requirement.services)
        .copied()
        .collect();
    if services.is_empty() || !Path::new("/run/systemd/system").exists() {
        return Ok(());
    }
    step::run(as_root("systemctl", &["disable", "--now", "--quiet"]).args(services))
}

fn missing(needed: &[Requirement], present: impl Fn(&str) -> bool) -> Vec<Requirement> {
    needed
        .iter()
        .filter(|requirement| !present(requirement.program))
        .copied()
        .collect()
}

/// Where programs lie: `PATH`, and where Debian keeps servers, which only root has in its `PATH`.
fn search_path(path: Option<&OsStr>) -> Vec<PathBuf> {
    let path = path
        .map(|path| std::env::split_paths(path).collect::<Vec<_>>())
        .unwrap_or_default();
    path.into_iter()
        .chain(["/usr/local/sbin", "/usr/sbin", "/sbin"].map(PathBuf::from))
        .collect()
}

/// Debian keeps the server's programs of each version of PostgreSQL apart: `/usr/lib/postgresql/15/bin`.
fn postgresql_directories(versions: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(versions).into_iter().flatten().flatten();
    entries.map(|entry| entry.path().join("bin")).collect()
}

fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata()
        .is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

fn as_root(program: &str, arguments: &[&str]) -> Command {
    let mut command = if rustix::process::geteuid().is_root() {
        Command::new(program)
    } else {
        let mut sudo = Command::new("sudo");
        sudo.arg(program);
        sudo
    };
    command.args(arguments);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_missing_is_installed() {
        let found = missing(REQUIREMENTS, |program| program != "sshd" && program != "jgit");
        let packages: Vec<_> = found.iter().map(|requirement| requirement.package).collect();
        assert_eq!(packages, ["openssh-server", "jgit-cli"]);
    }

    #[test]
    fn servers_are_found_although_only_root_has_them_in_its_path() {
        let directories = search_path(Some(OsStr::new("/usr/bin:/bin")));
        assert!(directories.contains(&PathBuf::from("/usr/bin")));
        assert!(directories.contains(&PathBuf::from("/usr/sbin")));
    }

    #[test]
    fn every_version_of_postgresql_is_looked_into() {
        let dir = std::env::temp_dir().join(format!("refsync-xtask-{}", std::process::id()));
        std::fs::create_dir_all(dir.join("15/bin")).unwrap();
        let found = postgresql_directories(&dir);
        std::fs::remove_dir_all(&dir).unwrap();
        assert_eq!(found, [dir.join("15/bin")]);
        assert!(postgresql_directories(&dir).is_empty());
    }

    #[test]
    fn a_directory_or_a_plain_file_is_no_program() {
        assert!(!is_program(Path::new("/usr/bin")));
        assert!(!is_program(Path::new("/etc/passwd")));
        assert!(is_program(Path::new("/bin/sh")));
    }
}
