//! Whoever watches a run: a dashboard on a terminal, a line now and then elsewhere.

use std::io::IsTerminal as _;

use anyhow::Result;

use super::dashboard::Dashboard;
use crate::output;

/// Values shown in a line, in this order.
const SHOWN: [&str; 9] =
    ["total", "alignment", "local", "dice", "bce", "reconstruction", "lr", "grad_norm", "seconds"];

/// Where a run stands.
#[derive(Debug, Clone, Copy)]
pub(in crate::training) struct Progress {
    /// Steps made.
    pub(in crate::training) step: usize,
    /// Steps to make.
    pub(in crate::training) steps: usize,
    /// Steps of an epoch.
    pub(in crate::training) epoch_steps: usize,
}

/// The watcher.
pub(in crate::training) struct Watch {
    dashboard: Option<Dashboard>,
    line_every: usize,
}

impl Watch {
    /// Opens the dashboard when a person sits at a terminal.
    pub(in crate::training) fn start(at: Progress, line_every: usize, quiet: bool) -> Self {
        let terminal = std::io::stdout().is_terminal() && std::io::stderr().is_terminal();
        let dashboard = (terminal && !quiet).then(|| {
            let epochs = at.steps.div_ceil(at.epoch_steps);
            Dashboard::start(epochs, at.step / at.epoch_steps, at.epoch_steps)
        });
        Self { dashboard, line_every: line_every.max(1) }
    }

    /// Whether the person asked for a stop.
    pub(in crate::training) fn wants_stop(&self) -> bool {
        self.dashboard.as_ref().is_some_and(Dashboard::wants_stop)
    }

    /// A step was made.
    pub(in crate::training) fn step(
        &mut self,
        at: Progress,
        row: &serde_json::Value,
    ) -> Result<()> {
        let number = |name: &'static str| row.get(name)?.as_f64().map(|value| (name, value));
        let values = SHOWN.into_iter().filter_map(number);
        if let Some(dashboard) = &mut self.dashboard {
            dashboard.values(true, values)?;
            return dashboard.at(at.step / at.epoch_steps, at.step % at.epoch_steps);
        }
        if at.step.is_multiple_of(self.line_every) || at.step == at.steps {
            let line: Vec<_> = values.map(|(name, value)| format!("{name} {value:.4}")).collect();
            output::say(format_args!("step {}/{}  {}", at.step, at.steps, line.join("  ")));
        }
        Ok(())
    }

    /// A validation was made.
    pub(in crate::training) fn validation(
        &mut self,
        at: Progress,
        values: &[(String, f64)],
    ) -> Result<()> {
        if let Some(dashboard) = &mut self.dashboard {
            return dashboard.values(false, values.iter().map(|(name, v)| (name.as_str(), *v)));
        }
        let line: Vec<_> =
            values.iter().map(|(name, value)| format!("{name} {value:.4}")).collect();
        output::say(format_args!("validation after step {}  {}", at.step, line.join("  ")));
        Ok(())
    }
}
