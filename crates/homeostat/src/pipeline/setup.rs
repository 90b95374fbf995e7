//! What of a pipeline is chosen before the first event: its baseline and its detectors.

use super::Pipeline;
use homeostat_baseline::Baseline;

impl Pipeline {
    /// Learns what is normal with `baseline`, which knows the tenant's seed, local time and bound of memory.
    #[must_use]
    pub fn with_baseline(self, baseline: Baseline) -> Self {
        Self { surprise: baseline.into(), ..self }
    }

    /// Goes on without the detector of that name; without a change when there is none.
    ///
    /// ```
    /// use homeostat::Pipeline;
    /// use homeostat_core::TenantId;
    ///
    /// let pipeline = Pipeline::new(TenantId::new("acme")?);
    /// let all = pipeline.detectors().len();
    /// assert_eq!(pipeline.without_detector("beats").detectors().len(), all - 1);
    /// # Ok::<(), homeostat_core::BadTenant>(())
    /// ```
    #[must_use]
    pub fn without_detector(mut self, name: &str) -> Self {
        self.detectors.retain(|room| room.detector().name() != name);
        self
    }

    /// The names of the detectors, in the order in which they see an event. What the estate, the baseline, [`Reflex`]
    /// and [`Intent`] tell is not among them: these are rooms that are always there.
    ///
    /// [`Reflex`]: crate::Reflex
    /// [`Intent`]: crate::Intent
    pub fn detectors(&self) -> Vec<&str> {
        self.detectors.iter().map(|room| room.detector().name()).collect()
    }
}
