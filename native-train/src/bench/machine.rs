//! What the figures were measured on.

use burn::tensor::Device;
use g2d_core::outcome::DeviceInfo;
use serde::Serialize;

/// The version in Cargo.lock; a test compares the two.
const BURN: &str = "0.22.1";

/// Machine, device and versions.
#[derive(Debug, Clone, Serialize)]
pub struct Machine {
    /// Version of this program.
    pub g2d: &'static str,
    /// Version of Burn.
    pub burn: &'static str,
    /// Operating system and architecture.
    pub platform: String,
    /// The processor's name, where the system tells it.
    pub cpu: Option<String>,
    /// Vector instructions that the compiler was allowed beyond the architecture's plainest ones.
    pub compiled_for: Vec<&'static str>,
    /// Threads that compute.
    pub threads: usize,
    /// `cpu`, `wgpu` or `cuda`.
    pub back_end: String,
    /// The device's name.
    pub device: String,
    /// Number format of the network.
    pub float: &'static str,
}

impl Machine {
    /// This machine.
    pub fn here(device: &DeviceInfo, float: &'static str) -> Self {
        Self {
            g2d: env!("CARGO_PKG_VERSION"),
            burn: BURN,
            platform: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            cpu: line_of("/proc/cpuinfo", "model name"),
            compiled_for: compiled_for(),
            threads: rayon::current_num_threads(),
            back_end: device.backend.clone(),
            device: device.name.clone(),
            float,
        }
    }
}

fn compiled_for() -> Vec<&'static str> {
    let features = [
        ("avx2", cfg!(target_feature = "avx2")),
        ("fma", cfg!(target_feature = "fma")),
        ("avx512f", cfg!(target_feature = "avx512f")),
    ];
    features.into_iter().filter(|(_, on)| *on).map(|(name, _)| name).collect()
}

/// Memory, in bytes; what cannot be known is none.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Memory {
    /// The most that this process ever had in the machine's memory (Linux only).
    pub peak_resident: Option<u64>,
    /// What the device's allocator had taken by the end, pages kept for reuse included; it gives
    /// nothing back during a run, so this is its peak.
    pub device_reserved: Option<u64>,
    /// What tensors used of it at the end.
    pub device_in_use: Option<u64>,
}

impl Memory {
    /// As it stands now.
    pub fn now(device: &Device) -> Self {
        let pool = device.clone().inner().memory_pool_usage();
        Self {
            peak_resident: peak_resident(),
            device_reserved: pool.as_ref().map(|p| p.bytes_reserved),
            device_in_use: pool.as_ref().map(|p| p.bytes_in_use),
        }
    }
}

/// The process's high-water mark.
fn peak_resident() -> Option<u64> {
    let text = line_of("/proc/self/status", "VmHWM")?;
    let kibibytes: u64 = text.split_whitespace().next()?.parse().ok()?;
    Some(kibibytes * 1024)
}

/// Seconds that processors have worked for this process, all threads together (Linux only).
///
/// On a machine that others use too this says more than the clock on the wall.
pub fn processor_seconds() -> Option<f64> {
    /// `USER_HZ`, which Linux shows to programs on every architecture in use.
    const TICKS: f64 = 100.0;
    let text = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The program's name may hold spaces; the fields count from its closing parenthesis:
    // 14 and 15 of proc(5), user and system time, are the 12th and 13th after it.
    let mut fields = text.rsplit_once(')')?.1.split_whitespace().skip(11);
    let mut next = || fields.next()?.parse::<f64>().ok();
    Some((next()? + next()?) / TICKS)
}

/// What follows the colon of the first line that begins with a word.
fn line_of(file: &str, word: &str) -> Option<String> {
    let text = std::fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(word))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn burns_version_is_the_locked_one() {
        let lock = include_str!("../../../Cargo.lock");
        assert!(lock.contains(&format!("name = \"burn\"\nversion = \"{BURN}\"\n")));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn work_takes_processor_time() {
        let before = processor_seconds().unwrap();
        let began = std::time::Instant::now();
        let mut x = 1u64;
        while began.elapsed().as_secs_f64() < 30.0 && processor_seconds().unwrap() < before + 0.05 {
            x = std::hint::black_box(x.wrapping_mul(3));
        }
        assert!(processor_seconds().unwrap() >= before + 0.05);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_peak_grows_with_what_is_used() {
        let before = peak_resident().unwrap();
        let block = vec![1u8; before as usize + (32 << 20)];
        assert!(block.iter().map(|v| u64::from(*v)).sum::<u64>() > 0);
        assert!(peak_resident().unwrap() > before);
    }
}
