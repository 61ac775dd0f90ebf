//! Adapters of wgpu (Vulkan, Metal, DX12).

use std::sync::{Mutex, PoisonError};

use burn::tensor::{
    Device, DeviceKind,
    wgpu::wgpu::{self, AdapterInfo, DeviceType},
};
use g2d_core::{Error, outcome::DeviceInfo};

use super::Listed;
use crate::wait::block_on;

// A wgpu runtime can be set up once in a process for each kind of device; a second request for
// the same kind gets the first one's device again. The key is "forced to be a software adapter".
static OPENED: Mutex<Vec<(bool, Device, Adapter)>> = Mutex::new(Vec::new());

/// What is kept of an adapter's description.
#[derive(Debug, Clone)]
struct Adapter {
    name: String,
    software: bool,
}

impl From<&AdapterInfo> for Adapter {
    fn from(info: &AdapterInfo) -> Self {
        Self { name: format!("{} ({})", info.name, info.backend), software: is_software(info) }
    }
}

/// Does this adapter compute on the CPU?
///
/// The type says so for Vulkan's lavapipe and SwiftShader; OpenGL drivers only say it by name.
fn is_software(info: &AdapterInfo) -> bool {
    let name = info.name.to_lowercase();
    let known = ["llvmpipe", "lavapipe", "swiftshader", "software", "basic render driver"];
    info.device_type == DeviceType::Cpu || known.iter().any(|k| name.contains(k))
}

/// Every adapter behind Vulkan, Metal or DX12; OpenGL would add the same ones a second time.
fn adapters() -> Vec<AdapterInfo> {
    let descriptor = wgpu::InstanceDescriptor {
        backends: wgpu::Backends::PRIMARY,
        ..wgpu::InstanceDescriptor::new_without_display_handle()
    };
    let instance = wgpu::Instance::new(descriptor);
    let found = block_on(instance.enumerate_adapters(wgpu::Backends::PRIMARY));
    found.iter().map(wgpu::Adapter::get_info).collect()
}

/// Every adapter.
pub(super) fn list() -> Vec<Listed> {
    let describe = |info: &AdapterInfo| {
        let software = is_software(info);
        let kind = match info.device_type {
            _ if software => "software adapter, not chosen by auto",
            DeviceType::DiscreteGpu => "discrete GPU",
            DeviceType::IntegratedGpu => "integrated GPU",
            DeviceType::VirtualGpu => "virtual GPU",
            _ => "other adapter",
        };
        let choice = if software { "wgpu:cpu" } else { "wgpu" };
        Listed {
            choice: choice.into(),
            name: Adapter::from(info).name,
            kind: kind.into(),
            hardware: !software,
        }
    };
    adapters().iter().map(describe).collect()
}

/// Opens an adapter.
pub(super) fn open(software: bool, reason: &str) -> Result<(Device, DeviceInfo), Error> {
    let (device, adapter) = opened(software)?;
    let reason = if adapter.software {
        format!("{reason}; a software adapter, slower than the CPU back end")
    } else {
        reason.to_owned()
    };
    Ok((device, DeviceInfo { backend: "wgpu".into(), name: adapter.name, reason }))
}

/// The device of a kind, set up at the first request.
fn opened(software: bool) -> Result<(Device, Adapter), Error> {
    let mut opened = OPENED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, device, adapter)) = opened.iter().find(|(key, ..)| *key == software) {
        return Ok((device.clone(), adapter.clone()));
    }
    let (device, adapter) = set_up(software)?;
    opened.push((software, device.clone(), adapter.clone()));
    Ok((device, adapter))
}

fn set_up(software: bool) -> Result<(Device, Adapter), Error> {
    let kind = if software { DeviceKind::Cpu } else { DeviceKind::DefaultDevice };
    let options = Device::wgpu_options().device_kind(kind);
    let (device, setup) = options.init_with_setup().map_err(|error| {
        Error::device(
            "G2D-D12",
            format!("No adapter of wgpu could be opened ({error})"),
            "Install a Vulkan driver (or Metal, DX12), or use --device cpu",
        )
    })?;
    Ok((device, Adapter::from(&setup.adapter.get_info())))
}

/// Opens an adapter only where a GPU stands behind it.
pub(super) fn hardware() -> Result<(Device, DeviceInfo), Error> {
    let none = |what: &str| Error::device("G2D-D13", what, "Use --device cpu");
    // Asked first, so that a machine without a GPU does not set up a software one for nothing.
    let found = adapters();
    if found.is_empty() {
        return Err(none("no wgpu adapter answered"));
    }
    if found.iter().all(is_software) {
        return Err(none("the only wgpu adapter computes in software"));
    }
    // wgpu chooses by its own rules, and an environment variable may override them.
    if opened(false)?.1.software {
        return Err(none("wgpu prefers a software adapter here"));
    }
    open(false, "a hardware adapter answered")
}
