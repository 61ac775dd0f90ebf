//! Which device to use, decided from what the browser says about its adapter.

use g2d_web::protocol::Choice;

/// What the browser says about its WebGPU adapter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Adapter {
    /// There is no `navigator.gpu`.
    NoApi,
    /// The interface is there but no adapter answers.
    Null,
    /// An adapter that draws with a graphics chip.
    Hardware(String),
    /// An adapter that imitates one on the CPU.
    Software(String),
}

impl Adapter {
    /// Sorts an adapter by the flags and names that the browser gives.
    ///
    /// SwiftShader is Chromium's, llvmpipe and lavapipe are Mesa's, WARP ("Basic Render") is
    /// Microsoft's software adapter; browsers do not always set the fallback flag for them.
    pub(crate) fn classify(fallback: bool, names: &[String]) -> Self {
        const SOFTWARE: [&str; 6] =
            ["swiftshader", "llvmpipe", "lavapipe", "softpipe", "basic render", "software"];
        let mut kept: Vec<&str> = Vec::new();
        for name in names.iter().map(|n| n.trim()).filter(|n| !n.is_empty()) {
            if !kept.contains(&name) {
                kept.push(name);
            }
        }
        let label = if kept.is_empty() { "adapter without a name".into() } else { kept.join(" ") };
        let lower = label.to_lowercase();
        if fallback || SOFTWARE.iter().any(|s| lower.contains(s)) {
            Self::Software(label)
        } else {
            Self::Hardware(label)
        }
    }
}

/// The decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Plan {
    /// Use WebGPU.
    WebGpu {
        /// The adapter's name.
        adapter: String,
        /// Why.
        reason: String,
        /// Whether the CPU may take over when the device cannot be had.
        may_fall_back: bool,
    },
    /// Use the CPU.
    Cpu {
        /// Why.
        reason: String,
    },
    /// WebGPU was demanded and cannot be had.
    Refused {
        /// Why.
        reason: String,
    },
}

/// Chooses a device.
///
/// A software adapter is passed over unless demanded: a ResNet-50 took 10 s on SwiftShader where
/// the CPU back end took 0.4 s in the same browser.
pub(crate) fn plan(choice: Choice, adapter: Adapter) -> Plan {
    let cpu = |reason: &str| Plan::Cpu { reason: reason.into() };
    match (choice, adapter) {
        (Choice::Cpu, _) => cpu("the address asks for the CPU"),
        (Choice::WebGpu, Adapter::NoApi) => {
            Plan::Refused { reason: "This browser has no WebGPU".into() }
        }
        (Choice::WebGpu, Adapter::Null) => {
            Plan::Refused { reason: "No WebGPU adapter answers in this browser".into() }
        }
        (Choice::WebGpu, Adapter::Hardware(adapter) | Adapter::Software(adapter)) => Plan::WebGpu {
            adapter,
            reason: "the address asks for WebGPU".into(),
            may_fall_back: false,
        },
        (Choice::Auto, Adapter::NoApi) => cpu("this browser has no WebGPU"),
        (Choice::Auto, Adapter::Null) => cpu("no WebGPU adapter answers"),
        (Choice::Auto, Adapter::Software(name)) => Plan::Cpu {
            reason: format!("the only WebGPU adapter works in software ({name}), which is slower"),
        },
        (Choice::Auto, Adapter::Hardware(adapter)) => Plan::WebGpu {
            adapter,
            reason: "a hardware WebGPU adapter answers".into(),
            may_fall_back: true,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &[&str]) -> Vec<String> {
        list.iter().map(|s| (*s).to_string()).collect()
    }

    #[test]
    fn software_adapters_are_known_by_flag_or_name() {
        let swift = Adapter::classify(false, &names(&["google", "swiftshader", "", "google"]));
        assert_eq!(swift, Adapter::Software("google swiftshader".into()));
        assert!(matches!(Adapter::classify(true, &names(&["acme"])), Adapter::Software(_)));
        let real = Adapter::classify(false, &names(&["nvidia", "ampere"]));
        assert_eq!(real, Adapter::Hardware("nvidia ampere".into()));
    }

    #[test]
    fn a_software_adapter_is_used_only_on_demand() {
        let soft = Adapter::Software("swiftshader".into());
        assert!(matches!(plan(Choice::Auto, soft.clone()), Plan::Cpu { .. }));
        assert!(matches!(plan(Choice::WebGpu, soft), Plan::WebGpu { may_fall_back: false, .. }));
    }

    #[test]
    fn a_demand_is_never_quietly_dropped() {
        assert!(matches!(plan(Choice::WebGpu, Adapter::Null), Plan::Refused { .. }));
        assert!(matches!(plan(Choice::WebGpu, Adapter::NoApi), Plan::Refused { .. }));
        assert!(matches!(plan(Choice::Cpu, Adapter::Hardware("x".into())), Plan::Cpu { .. }));
        assert!(matches!(plan(Choice::Auto, Adapter::NoApi), Plan::Cpu { .. }));
    }
}
