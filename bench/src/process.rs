//! What the kernel says about a process: its processor time and the most memory that it held.
//!
//! Read from `/proc`, so Linux only. The time comes in ticks of 10 ms, which is fine for runs of a second.

use std::io;

/// Ticks of `/proc/PID/stat` in a second: fixed for programs on every Linux that we support, whatever the kernel counts in.
const TICKS: f64 = 100.0;

/// What a process has used so far.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Usage {
    /// Seconds of processor time, in the program and in the kernel for it.
    pub cpu: f64,
    /// The most memory that was resident at a time, in MB (1,000,000 bytes).
    pub peak_mb: f64,
}

/// What a process has used; `self` is this one.
pub fn usage(process: &str) -> io::Result<Usage> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    parse(&stat, &status).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "/proc is not as Linux writes it"))
}

fn parse(stat: &str, status: &str) -> Option<Usage> {
    // The name in parentheses may hold spaces; user and system time are the 12th and 13th field after it.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<f64>().ok();
    let cpu = (ticks()? + ticks()?) / TICKS;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(Usage { cpu, peak_mb: kib * 1024.0 / 1_000_000.0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_of_linux_are_read() {
        let stat = "42 (a name) x) S 1 2 3 4 5 6 7 8 9 10 125 75 0 0 20 0 4 0 99";
        let status = "Name:\ta\nVmPeak:\t  99 kB\nVmHWM:\t  2000 kB\n";
        assert_eq!(parse(stat, status), Some(Usage { cpu: 2.0, peak_mb: 2.048 }));
        assert_eq!(parse("", status), None);
        assert_eq!(parse(stat, "Name:\ta\n"), None);
    }

    #[test]
    fn this_process_has_used_something() {
        assert!(usage("self").expect("/proc is there").peak_mb > 0.1);
    }
}
