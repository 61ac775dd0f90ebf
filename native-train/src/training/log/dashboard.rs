//! burn-train's dashboard, fed by our loop.

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use anyhow::{Result, bail};
use burn::train::{
    Interrupter,
    metric::{
        MetricAttributes, MetricDefinition, MetricEntry, MetricId, NumericAttributes, NumericEntry,
        SerializedEntry,
    },
    renderer::{MetricState, MetricsRenderer, tui::TuiMetricsRendererWrapper},
};

/// The dashboard on a terminal.
pub(super) struct Dashboard {
    renderer: Box<dyn MetricsRenderer>,
    interrupter: Interrupter,
    known: BTreeMap<String, MetricId>,
    epoch: usize,
}

impl Dashboard {
    pub(super) fn start(epochs: usize, epoch: usize, steps: usize) -> Self {
        let interrupter = Interrupter::new();
        let mut renderer: Box<dyn MetricsRenderer> =
            Box::new(TuiMetricsRendererWrapper::new(interrupter.clone(), None));
        renderer.start(epochs, epoch, Some(steps), Some("steps"));
        renderer.start_split("train", steps);
        Self { renderer, interrupter, known: BTreeMap::new(), epoch }
    }

    /// Whether the person at the terminal asked for a stop.
    pub(super) fn wants_stop(&self) -> bool {
        self.interrupter.should_stop()
    }

    /// Shows values of the training or of the validation.
    pub(super) fn values<'a>(
        &mut self,
        training: bool,
        values: impl Iterator<Item = (&'a str, f64)>,
    ) -> Result<()> {
        let values: Vec<_> = values.collect();
        self.guarded(|this| {
            for (name, value) in values {
                let id = this.register(name);
                let text = format!("{value:.4}");
                let entry = MetricEntry::new(id, SerializedEntry::new(text.clone(), text));
                let state = MetricState::Numeric(entry, Some(NumericEntry::Value(value)));
                if training {
                    this.renderer.update_train(state);
                } else {
                    this.renderer.update_valid(state);
                }
            }
        })
    }

    /// Moves the bars.
    pub(super) fn at(&mut self, epoch: usize, step: usize) -> Result<()> {
        self.guarded(|this| {
            if epoch != this.epoch {
                this.epoch = epoch;
                this.renderer.update_epoch(epoch);
            }
            this.renderer.update_split(step);
        })
    }

    fn register(&mut self, name: &str) -> MetricId {
        if let Some(id) = self.known.get(name) {
            return id.clone();
        }
        let id = MetricId::new(Arc::new(name.to_owned()));
        let higher_is_better = super::super::validate::higher_is_better(name);
        self.renderer.register_metric(MetricDefinition {
            metric_id: id.clone(),
            name: Arc::new(name.to_owned()),
            description: None,
            attributes: MetricAttributes::Numeric(NumericAttributes {
                unit: None,
                higher_is_better,
            }),
        });
        self.known.insert(name.to_owned(), id.clone());
        id
    }

    /// The dashboard answers "kill" with a panic on the thread that feeds it.
    fn guarded(&mut self, run: impl FnOnce(&mut Self)) -> Result<()> {
        if catch_unwind(AssertUnwindSafe(|| run(self))).is_err() {
            bail!("Stopped at the dashboard; go on from the last checkpoint with --resume latest");
        }
        Ok(())
    }
}
