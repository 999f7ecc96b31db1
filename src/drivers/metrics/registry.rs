//! Series before anything happens: each metric described, each combination of labels registered at 0, so that a rate
//! over the first event is not lost. Hands out handles; counting then is one atomic addition.

use super::names::{self, Kind, Metric};
use metrics::{Counter, Gauge, Histogram, Key, Label, Level, Metadata, Recorder};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

const METADATA: Metadata<'static> = Metadata::new("spillway", Level::INFO, None);

/// A recorder of our own: several may live in one process.
pub(super) struct Registry(PrometheusRecorder);

impl Registry {
    /// With every metric described.
    pub fn new() -> Self {
        let recorder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Full(names::QUEUE_WAIT.name.to_owned()), &names::WAIT_BOUNDS)
            .and_then(|builder| {
                builder
                    .set_buckets_for_metric(Matcher::Full(names::TALK.name.to_owned()), &names::TALK_BOUNDS)
            })
            .and_then(|builder| {
                let name = names::SIP_FIRST_RESPONSE.name.to_owned();
                builder.set_buckets_for_metric(Matcher::Full(name), &names::RESPONSE_BOUNDS)
            })
            .expect("no list of bounds is empty")
            .build_recorder();
        for metric in names::ALL {
            let (name, help) = (metric.name.into(), metric.help.into());
            match metric.kind {
                Kind::Counter => recorder.describe_counter(name, None, help),
                Kind::Gauge => recorder.describe_gauge(name, None, help),
                Kind::Histogram => recorder.describe_histogram(name, None, help),
            }
        }
        Self(recorder)
    }

    /// What renders the page.
    pub fn handle(&self) -> PrometheusHandle {
        self.0.handle()
    }

    /// A counter with these labels, shown as 0 from now on.
    pub fn counter(&self, metric: Metric, labels: &[(&'static str, &str)]) -> Counter {
        debug_assert_eq!(metric.kind, Kind::Counter, "{}", metric.name);
        self.0.register_counter(&key(metric, labels), &METADATA)
    }

    /// A gauge with these labels, shown as 0 from now on.
    pub fn gauge(&self, metric: Metric, labels: &[(&'static str, &str)]) -> Gauge {
        debug_assert_eq!(metric.kind, Kind::Gauge, "{}", metric.name);
        self.0.register_gauge(&key(metric, labels), &METADATA)
    }

    /// A histogram with these labels, shown as 0 from now on.
    pub fn histogram(&self, metric: Metric, labels: &[(&'static str, &str)]) -> Histogram {
        debug_assert_eq!(metric.kind, Kind::Histogram, "{}", metric.name);
        self.0.register_histogram(&key(metric, labels), &METADATA)
    }
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registry").finish_non_exhaustive()
    }
}

fn key(metric: Metric, labels: &[(&'static str, &str)]) -> Key {
    let labels: Vec<_> = labels.iter().map(|(name, value)| Label::new(*name, (*value).to_owned())).collect();
    Key::from_parts(metric.name, labels)
}

/// One thing per entry of a closed list, found by its label.
#[derive(Debug)]
pub(super) struct Table<H> {
    labels: &'static [&'static str],
    handles: Vec<H>,
}

impl<H> Table<H> {
    /// Makes one for each label.
    pub fn new(labels: &'static [&'static str], make: impl FnMut(&'static str) -> H) -> Self {
        Self { labels, handles: labels.iter().copied().map(make).collect() }
    }

    /// The label's, if the list has it.
    pub fn get(&self, label: &str) -> Option<&H> {
        self.labels.iter().position(|known| *known == label).and_then(|index| self.handles.get(index))
    }

    /// The label's, or the last one, which stands for the rest.
    pub fn get_or_rest(&self, label: &str) -> Option<&H> {
        self.get(label).or_else(|| self.handles.last())
    }
}
