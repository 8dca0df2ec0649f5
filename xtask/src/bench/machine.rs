//! The machine and the programs behind the numbers, in a sentence.

use std::fs;
use std::process::Command;

use testkit::require;

/// Cores, processor, memory, system, and the versions of what was measured against.
pub(crate) fn describe() -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!(
        "{cores} {} of {}, {} GiB of memory, {}, Linux {}; {}, {}, {}.",
        if cores == 1 { "core" } else { "cores" },
        processor(&fs::read_to_string("/proc/cpuinfo").unwrap_or_default()),
        gibibytes(&fs::read_to_string("/proc/meminfo").unwrap_or_default()),
        system(&fs::read_to_string("/etc/os-release").unwrap_or_default()),
        fs::read_to_string("/proc/sys/kernel/osrelease")
            .unwrap_or_default()
            .trim(),
        first_line("git", "--version"),
        first_line("apache2", "-v").trim_start_matches("Server version: "),
        first_line("ssh", "-V"),
    )
}

fn processor(cpuinfo: &str) -> &str {
    let model = cpuinfo
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    model.map_or("an unnamed processor", |(_, name)| name.trim())
}

/// The memory to the nearest GiB: the kernel keeps a part of it for itself.
fn gibibytes(meminfo: &str) -> u64 {
    let total = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let kibibytes: u64 = total
        .and_then(|line| line.trim().trim_end_matches("kB").trim().parse().ok())
        .unwrap_or(0);
    (kibibytes + (1 << 19)) >> 20
}

fn system(os_release: &str) -> &str {
    let name = os_release
        .lines()
        .find_map(|line| line.strip_prefix("PRETTY_NAME="));
    name.map_or("an unnamed system", |name| name.trim_matches('"'))
}

/// The first line that a program says about itself, on standard output or, as ssh does, on standard error.
fn first_line(program: &str, option: &str) -> String {
    let output = Command::new(require(program)).arg(option).output();
    let text = output
        .map(|output| [output.stdout, output.stderr].concat())
        .unwrap_or_default();
    String::from_utf8_lossy(&text)
        .lines()
        .next()
        .unwrap_or(program)
        .trim()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processor_is_named_once() {
        let cpuinfo = "processor\t: 0\nmodel name\t: Fast 9000 @ 3 GHz\nprocessor\t: 1\nmodel name\t: Fast 9000 @ 3 GHz\n";
        assert_eq!(processor(cpuinfo), "Fast 9000 @ 3 GHz");
        assert_eq!(processor("CPU architecture: 8\n"), "an unnamed processor");
    }

    #[test]
    fn memory_is_rounded_to_what_the_machine_was_sold_with() {
        assert_eq!(gibibytes("MemTotal:       16265428 kB\nMemFree: 1 kB\n"), 16);
    }

    #[test]
    fn the_system_is_named_as_it_names_itself() {
        assert_eq!(
            system("ID=debian\nPRETTY_NAME=\"Debian GNU/Linux 13 (trixie)\"\n"),
            "Debian GNU/Linux 13 (trixie)"
        );
    }
}
