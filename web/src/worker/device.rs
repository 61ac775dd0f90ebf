//! Asks the browser for its WebGPU adapter and makes the device.
//!
//! The raw JavaScript interface is used for the question: web-sys keeps WebGPU behind an unstable
//! flag, and Burn's own start cannot say "software" before it has taken the adapter.

use burn::tensor::Device;
use g2d_core::error::{Error, Result};
use g2d_core::outcome::DeviceInfo;
use js_sys::{Function, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use crate::choice::{Adapter, Plan, plan};
use g2d_web::protocol::Choice;

/// A device and how it came to be chosen.
pub(crate) async fn open(choice: Choice) -> Result<(Device, DeviceInfo)> {
    let adapter = if choice == Choice::Cpu { Adapter::NoApi } else { probe().await };
    match plan(choice, adapter) {
        Plan::Cpu { reason } => Ok(cpu(reason)),
        Plan::Refused { reason } => Err(Error::device(
            "G2D-P10",
            reason,
            "Open the page without ?backend=webgpu to use the CPU, or use a browser with WebGPU",
        )),
        Plan::WebGpu { adapter, reason, may_fall_back } => {
            match Device::wgpu_options().init_async().await {
                Ok(device) => {
                    let info = DeviceInfo { backend: "webgpu".into(), name: adapter, reason };
                    Ok((device, info))
                }
                Err(error) if may_fall_back => {
                    Ok(cpu(format!("the WebGPU device could not be had ({error})")))
                }
                Err(error) => Err(Error::device(
                    "G2D-P11",
                    format!("The WebGPU device could not be had ({error})"),
                    "Open the page without ?backend=webgpu to use the CPU",
                )),
            }
        }
    }
}

fn cpu(reason: String) -> (Device, DeviceInfo) {
    let name = "this browser, WebAssembly with simd128, one thread".into();
    (Device::flex(), DeviceInfo { backend: "cpu".into(), name, reason })
}

async fn probe() -> Adapter {
    let gpu = field(&js_sys::global(), "navigator").and_then(|n| field(&n, "gpu"));
    let Some(gpu) = gpu else {
        return Adapter::NoApi;
    };
    let Some(adapter) = request_adapter(&gpu).await else {
        return Adapter::Null;
    };
    let info = field(&adapter, "info").unwrap_or(JsValue::UNDEFINED);
    let flag = |object: &JsValue| {
        field(object, "isFallbackAdapter").and_then(|v| v.as_bool()).unwrap_or(false)
    };
    let names: Vec<String> = ["vendor", "architecture", "device", "description"]
        .iter()
        .filter_map(|key| field(&info, key).and_then(|v| v.as_string()))
        .collect();
    Adapter::classify(flag(&info) || flag(&adapter), &names)
}

async fn request_adapter(gpu: &JsValue) -> Option<JsValue> {
    let request: Function = field(gpu, "requestAdapter")?.dyn_into().ok()?;
    let options = js_sys::Object::new();
    // The same wish as Burn's own request, so that the answer is the same adapter.
    Reflect::set(&options, &"powerPreference".into(), &"high-performance".into()).ok()?;
    let promise: Promise = request.call1(gpu, &options).ok()?.dyn_into().ok()?;
    let adapter = JsFuture::from(promise).await.ok()?;
    (!adapter.is_null() && !adapter.is_undefined()).then_some(adapter)
}

/// A property that is there.
fn field(object: &JsValue, key: &str) -> Option<JsValue> {
    let value = Reflect::get(object, &key.into()).ok()?;
    (!value.is_null() && !value.is_undefined()).then_some(value)
}
