//! The tenant as events in order of time, each with the story it belongs to known to us and never to the target.
//!
//! The logs are read source by source side by side, and no event is kept: holding all would take ten times the
//! memory of the logs.

use crate::cast::ACCOUNT;
use crate::log::{LogSource, Mark, Pages, Record};
use crate::{OKTA_ORG, Story, TENANT, Tenant};
use homeostat_core::{EventRef, TenantId, Timestamp};
use homeostat_event::Event;
use homeostat_ingest::{Context, Ingest, RecordError, Registry};
use std::collections::BTreeMap;

/// What is known of one event of the tenant.
#[derive(Clone, Debug)]
pub(crate) struct Shot {
    pub(crate) id: EventRef,
    pub(crate) at: Timestamp,
    pub(crate) mark: Option<Mark>,
}

impl Shot {
    /// Whether it is shown where only `stories` are told.
    pub(crate) fn belongs(&self, stories: &[Story]) -> bool {
        self.mark.is_none_or(|mark| stories.contains(&mark.story))
    }

    /// Whether it is the event with this id.
    pub(crate) fn is(&self, id: Option<&EventRef>) -> bool {
        id == Some(&self.id)
    }
}

/// One tenant, to be shown.
#[derive(Debug)]
pub(crate) struct Film {
    pub(crate) tenant: Tenant,
    // By place, in the order of their numbers: of 400,000 records each text of an id would weigh as much as a line.
    records: BTreeMap<String, Vec<Told>>,
}

/// When a record was written, and for which step of which story.
type Told = (Timestamp, Option<Mark>);

impl Film {
    pub(crate) fn of(tenant: Tenant) -> Self {
        let place = |name: &str| Some(EventRef::new(name, 0).ok()?.place().to_owned());
        let records = tenant.records().filter_map(|(name, told)| Some((place(&name)?, told))).collect();
        Self { tenant, records }
    }

    fn told(&self, id: &EventRef) -> Option<Told> {
        self.records.get(id.place())?.get(usize::try_from(id.record()).ok()?).copied()
    }

    /// Shows all events, in order of time.
    ///
    /// # Errors
    ///
    /// [`RecordError`] of the first record that is not read: each is well-formed, so that is a fault of ours.
    pub(crate) fn show(&self, mut view: impl FnMut(&Event, &Shot)) -> Result<(), RecordError> {
        let files = self.tenant.log_files();
        let mut ingests: Vec<Ingest> = files.iter().map(|_| ingest()).collect();
        let mut reels: BTreeMap<LogSource, Vec<Strip<'_>>> = BTreeMap::new();
        for ((name, records), ingest) in files.into_iter().zip(&mut ingests) {
            if let Some(source) = records.first().map(|record| record.source) {
                reels.entry(source).or_default().push((name, records, ingest));
            }
        }
        let mut reels: Vec<Reel<'_>> = reels.into_values().map(Reel::of).collect();
        for reel in &mut reels {
            reel.wind(self)?;
        }
        while let Some(reel) =
            reels.iter_mut().filter(|reel| reel.head.is_some()).min_by_key(|reel| reel.at())
        {
            if let Some((event, shot)) = &reel.head {
                view(event, shot);
            }
            reel.wind(self)?;
        }
        Ok(())
    }

    fn shot(&self, event: &Event) -> Option<Shot> {
        let id = event.reference()?;
        let (written, mark) = self.told(&id)?;
        // A record of a kind that ingest does not know has no time of its own.
        let at = if event.when().is_moment() { event.when() } else { written };
        Some(Shot { id, at, mark })
    }

    /// When the event `id` was written.
    pub(crate) fn at(&self, id: Option<&EventRef>) -> Timestamp {
        id.and_then(|id| self.told(id)).map_or(Timestamp::UNKNOWN, |(at, _)| at)
    }

    /// Seconds of event time between two events.
    pub(crate) fn seconds(&self, earlier: Option<&EventRef>, later: Option<&EventRef>) -> Option<f64> {
        crate::exam::seconds(self.at(earlier), self.at(later))
    }

    /// The ids of the events of one step of `story`, in order of time.
    pub(crate) fn step(&self, story: Story, step: usize) -> &[EventRef] {
        let truth = self.tenant.truth(story);
        truth.and_then(|truth| truth.steps.get(step)).map_or(&[], |step| step.events.as_slice())
    }
}

/// One file of a source, with its name, its records and who reads it.
type Strip<'a> = (String, Vec<&'a Record>, &'a mut Ingest);

/// The events of one source, the next of them at hand.
struct Reel<'a> {
    events: Box<dyn Iterator<Item = Result<Event, RecordError>> + 'a>,
    head: Option<(Event, Shot)>,
}

impl<'a> Reel<'a> {
    fn of(files: Vec<Strip<'a>>) -> Self {
        let events =
            files.into_iter().flat_map(|(name, records, ingest)| ingest.read(&name, Pages::of(records)));
        Self { events: Box::new(events), head: None }
    }

    fn wind(&mut self, film: &Film) -> Result<(), RecordError> {
        self.head = None;
        if let Some(event) = self.events.next().transpose()? {
            self.head = film.shot(&event).map(|shot| (event, shot));
        }
        Ok(())
    }

    fn at(&self) -> Option<Timestamp> {
        self.head.as_ref().map(|(_, shot)| shot.at)
    }
}

impl Tenant {
    /// The tenant's logs as events, file by file, as `homeostat-ingest` makes them.
    ///
    /// # Errors
    ///
    /// [`RecordError`] of the first record that is not read.
    pub fn events(&self) -> Result<Vec<Event>, RecordError> {
        let mut ingest = ingest();
        let mut events = Vec::with_capacity(self.len());
        for (name, bytes) in self.logs() {
            for event in ingest.read(&name, bytes.as_slice()) {
                events.push(event?);
            }
        }
        Ok(events)
    }
}

/// A reader that knows what Acme's collectors know of each source.
fn ingest() -> Ingest {
    let context = Context::new().with_directory(OKTA_ORG).with_account(ACCOUNT).with_network(TENANT);
    let context = match TenantId::new(TENANT) {
        Ok(tenant) => context.with_tenant(tenant),
        Err(_) => context,
    };
    Ingest::new(Registry::default()).with_context(context)
}
