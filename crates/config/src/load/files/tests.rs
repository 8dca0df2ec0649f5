use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use rustix::fs::{CWD, FileType, Mode, mknodat};

use crate::Config;
use crate::load::load;

/// What is read with this pattern, or all problems, where something odd stands beside `a.yaml`.
fn including(pattern: &str, odd: impl Fn(&Path)) -> Result<Config, String> {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    let mirror = |name: &str| {
        format!("mirrors: [{{name: {name}, source: 'https://h/{name}', target: 'https://i/{name}'}}]\n")
    };
    std::fs::create_dir(at("mirrors.d")).unwrap();
    std::fs::create_dir(at("real")).unwrap();
    std::fs::write(
        at("refsync.yaml"),
        format!("version: 1\ninclude: ['{pattern}']\n"),
    )
    .unwrap();
    std::fs::write(at("mirrors.d/a.yaml"), mirror("a")).unwrap();
    std::fs::write(at("real/b.yaml"), mirror("b")).unwrap();
    odd(&at("mirrors.d/b.yaml"));
    let (tell, told) = mpsc::channel();
    let main = at("refsync.yaml");
    std::thread::spawn(move || drop(tell.send(load(&main))));
    let loaded = told.recv_timeout(Duration::from_secs(30));
    let loaded = loaded.expect("a pattern never waits for what it matches");
    let prefix = format!("{}/", directory.path().display());
    loaded.map_err(|problems| problems.to_string().replace(&prefix, ""))
}

#[test]
fn a_pattern_reads_regular_files_alone_and_names_whatever_else_it_matches() {
    let fifo = |path: &Path| mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let socket = |path: &Path| drop(std::os::unix::net::UnixListener::bind(path).unwrap());
    let directory = |path: &Path| std::fs::create_dir(path).unwrap();
    let device = |path: &Path| std::os::unix::fs::symlink("/dev/zero", path).unwrap();
    let place = "refsync.yaml:2:11: include[0]: mirrors.d/b.yaml is ";
    type Make<'a> = &'a dyn Fn(&Path);
    let odd: [(&str, Make<'_>); 4] = [
        ("a FIFO: only regular files can be included", &fifo),
        ("a socket: only regular files", &socket),
        ("a device: only regular files", &device),
        ("a directory: write mirrors.d/b.yaml/*.yaml", &directory),
    ];
    for (what, make) in odd {
        for pattern in ["mirrors.d/*.yaml", "mirrors.d/b.yaml"] {
            let problem = including(pattern, make).unwrap_err();
            assert!(problem.starts_with(&format!("{place}{what}")), "{problem}");
        }
    }
    // Links to files are read, and a directory is no surprise to who asks for everything.
    let link = |path: &Path| std::os::unix::fs::symlink("../real/b.yaml", path).unwrap();
    assert_eq!(including("mirrors.d/*.yaml", link).unwrap().mirrors.len(), 2);
    assert_eq!(including("mirrors.d/*", directory).unwrap().mirrors.len(), 1);
    let dangling = |path: &Path| std::os::unix::fs::symlink("nowhere", path).unwrap();
    let problem = including("mirrors.d/*.yaml", dangling).unwrap_err();
    assert!(
        problem.starts_with("mirrors.d/b.yaml: it cannot be read: "),
        "{problem}"
    );
}
