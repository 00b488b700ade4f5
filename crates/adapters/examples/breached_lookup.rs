//! Measures lookups in a file of hashes of breached passwords: `breached_lookup FILE [HASHES]`. Without arguments, the file is a
//! temporary one of 100,000 hashes.
//!
//! If the file does not exist, it is written with that number of hashes, 41 bytes each, in ascending order and evenly spread as
//! SHA-1 hashes are. No lookup finds its password, which takes the most reads. Each time includes the SHA-1 of the password.

use std::{
    error::Error,
    fs::{self, File},
    io::{self, BufWriter, Write as _},
    path::Path,
    time::{Duration, Instant},
};

use tessera_adapters::BreachedPasswords;

/// The number of measured lookups.
const LOOKUPS: u64 = 20_000;

const DIGITS: &[u8; 16] = b"0123456789ABCDEF";

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let Some(path) = arguments.next() else {
        let directory = tempfile::tempdir()?;
        return measure(&directory.path().join("hashes.txt"), 100_000);
    };
    let count: u64 = arguments.next().unwrap_or_else(|| "100000000".to_owned()).parse()?;
    measure(Path::new(&path), count)
}

fn measure(path: &Path, count: u64) -> Result<(), Box<dyn Error>> {
    if !path.exists() {
        write(path, count)?;
    }
    let before = resident()?;
    let started = Instant::now();
    let breached = BreachedPasswords::open(path)?;
    let opened = started.elapsed();
    let mut times = Vec::new();
    for number in 0..LOOKUPS {
        let password = format!("password {number}");
        let started = Instant::now();
        let found = breached.contains(&password)?;
        times.push(started.elapsed());
        if found {
            return Err(format!("the file has {password}").into());
        }
    }
    times.sort_unstable();
    let after = resident()?;
    let at = |permille: usize| times.get(times.len() * permille / 1_000).copied().unwrap_or_default();
    let bytes = fs::metadata(path)?.len();
    let mut out = io::stdout().lock();
    writeln!(out, "{bytes} bytes, opened and checked in {opened:?}")?;
    writeln!(out, "{LOOKUPS} lookups: median {:?}, p99 {:?}, longest {:?}", at(500), at(990), longest(&times))?;
    writeln!(out, "resident memory: {before} KiB before, {after} KiB after")?;
    Ok(())
}

fn longest(times: &[Duration]) -> Duration {
    times.last().copied().unwrap_or_default()
}

/// Writes hashes that divide their range into equal parts. The digits after the first sixteen are pseudorandom.
fn write(path: &Path, count: u64) -> io::Result<()> {
    let mut file = BufWriter::with_capacity(1 << 20, File::create(path)?);
    let step = u64::MAX / count.max(1);
    let mut line = [b'\n'; 41];
    for number in 0..count {
        let spread = number.wrapping_mul(step) + mix(number) % step.max(1);
        let parts = [spread, mix(spread), mix(!spread)];
        for (place, digit) in line.iter_mut().take(40).enumerate() {
            let nibble = parts[place / 16] >> (60 - 4 * (place % 16)) & 15;
            *digit = DIGITS[usize::try_from(nibble).unwrap_or_default()];
        }
        file.write_all(&line)?;
    }
    file.flush()
}

/// The step of `SplitMix64`.
const fn mix(number: u64) -> u64 {
    let mixed = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

/// The resident memory of this process in KiB.
fn resident() -> Result<u64, Box<dyn Error>> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}
