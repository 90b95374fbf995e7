//! From an input to events: reads a record, finds its source, withholds, maps, keeps the rest, counts.

use crate::coverage::Coverage;
use crate::envelope::{Envelope, Opener};
use crate::error::RecordError;
use crate::leaves::{Count, Found, Told};
use crate::limit::Limits;
use crate::reader::{Cut, Fault, Reader};
use crate::record::{Field, REFERENCE, Record};
use crate::redact::{Redact, Secrets, cut, withhold, withhold_texts};
use crate::source::{Context, Registry, Source};
use crate::tape::{Mark, Tape};
use crate::text::write_text;
use core::fmt;
use homeostat_core::{EventRef, JsonText, Timestamp};
use homeostat_event::{Event, Head, NetworkEndpoint, Product};
use std::io::Read;
use std::sync::Arc;

/// Turns the records of security logs into events: nothing is dropped, what could not be read is reported.
///
/// One value serves any number of inputs, one after the other; it holds no state of their records but the
/// coverage. The same input gives the same events.
///
/// ```
/// use homeostat_ingest::{Ingest, Registry};
///
/// let log = "#separator \\x09\n#path\tdns\n#fields\tts\tid.orig_h\tid.resp_h\tquery\n\
///            #types\ttime\taddr\taddr\tstring\n1591367999.305988\t10.1.2.3\t10.1.2.1\twiki.acme.example\n";
/// let mut ingest = Ingest::new(Registry::default());
/// let events: Result<Vec<_>, _> = ingest.read("dns.log", log.as_bytes()).collect();
///
/// let event = &events?[0];
/// assert_eq!(event.class_uid().get(), 4003);
/// assert_eq!(event.reference().unwrap().as_str(), "dns#0");
/// # Ok::<(), homeostat_ingest::RecordError>(())
/// ```
pub struct Ingest {
    registry: Registry,
    context: Context,
    limits: Limits,
    redact: Box<dyn Redact + Send + Sync>,
    coverage: Option<Coverage>,
    tape: Tape,
    made: Vec<Event>,
    paths: Vec<String>,
    left: String,
}

impl Ingest {
    /// Looks for the sources of `registry`; withholds [`Secrets`], counts nothing.
    pub fn new(registry: Registry) -> Self {
        Self {
            registry,
            context: Context::default(),
            limits: Limits::default(),
            redact: Box::new(Secrets),
            coverage: None,
            tape: Tape::default(),
            made: Vec::new(),
            paths: Vec::new(),
            left: String::new(),
        }
    }

    /// Tells the mappers what records do not tell of themselves.
    #[must_use]
    pub fn with_context(self, context: Context) -> Self {
        Self { context, ..self }
    }

    /// As [`Context::with_latest`], of the inputs that are read from now on: each file has its own.
    pub fn set_latest(&mut self, latest: Option<Timestamp>) -> &mut Self {
        self.context.latest = latest;
        self
    }

    /// Withholds by another rule.
    #[must_use]
    pub fn with_redact(self, redact: impl Redact + Send + Sync + 'static) -> Self {
        // What was remembered under another rule may hold what this one withholds.
        Self { redact: Box::new(redact), tape: Tape::default(), ..self }
    }

    /// Reads within other limits.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Counts what becomes of every scalar; this costs several times the mapping itself.
    #[must_use]
    pub fn with_coverage(self) -> Self {
        Self { coverage: Some(Coverage::default()), ..self }
    }

    /// What was counted; empty without [`Ingest::with_coverage`].
    pub fn coverage(&self) -> &Coverage {
        const NONE: &Coverage = &Coverage { sources: std::collections::BTreeMap::new() };
        self.coverage.as_ref().unwrap_or(NONE)
    }

    /// The events of an input, packed or not, in its order; what could not be read stands in its place.
    ///
    /// `place` is the input's path relative to what the user named: event ids are made of it.
    pub fn read<R: Read>(&mut self, place: &str, input: R) -> Events<'_, R> {
        let reader = Reader::new(input, self.limits.clone());
        // Of an input that nobody read to its end some may be left.
        self.made.clear();
        Events {
            ingest: self,
            place: Arc::from(place),
            stem: EventRef::new(place, 0).ok().map(|first| Arc::new(first.place().to_owned())),
            stream: stream_of(place).to_owned(),
            reader,
            last_source: Coverage::UNKNOWN.to_owned(),
        }
    }

    /// Makes the events of the record on the tape into `self.made`; `name` becomes the source's.
    fn make(&mut self, record: &Record<'_>, at: At<'_>, name: &mut String) {
        self.made.clear();
        let claimed_by = |source: &str, name: &mut String| {
            if name != source {
                source.clone_into(name);
            }
        };
        let opener = Opener { registry: &self.registry, limits: &self.limits, stream: record.stream() };
        let mut work = Work {
            context: &self.context,
            redact: &*self.redact,
            coverage: self.coverage.as_mut(),
            made: &mut self.made,
            paths: &mut self.paths,
            left: &mut self.left,
            at,
        };
        let claimed = opener.open(record, &mut |record, source, envelope| {
            claimed_by(source.map_or(Coverage::UNKNOWN, Source::name), name);
            // Of a batch there are events of the messages before.
            let earlier = if work.made.is_empty() { Vec::new() } else { std::mem::take(work.made) };
            work.map(record, source, envelope);
            if !earlier.is_empty() {
                work.made.splice(0..0, earlier);
            }
        });
        if !claimed {
            claimed_by(Coverage::UNKNOWN, name);
            work.map(record, None, None);
        }
    }
}

impl fmt::Debug for Ingest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ingest")
            .field("registry", &self.registry)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// The events of one input. Ends after an error that [`is fatal`](RecordError::is_fatal).
pub struct Events<'i, R: Read> {
    ingest: &'i mut Ingest,
    place: Arc<str>,
    // What event ids call the place; none when it has no name.
    stem: Option<Arc<String>>,
    stream: String,
    reader: Reader<R>,
    last_source: String,
}

impl<R: Read> Iterator for Events<'_, R> {
    type Item = Result<Event, RecordError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(event) = self.ingest.made.pop() {
                return Some(Ok(event));
            }
            let mut tape = std::mem::take(&mut self.ingest.tape);
            let next = self.reader.next(&mut tape);
            let next = next.map(|next| next.and_then(|cut| self.make(cut, &tape)));
            self.ingest.tape = tape;
            if let Err(fault) = next? {
                return Some(Err(self.report(fault)));
            }
        }
    }
}

impl<R: Read> Events<'_, R> {
    fn make(&mut self, cut: Cut, tape: &Tape) -> Result<(), Fault> {
        let stream = self.reader.stream().unwrap_or(&self.stream);
        let record = Record::new(self.reader.text(cut)?, tape).with_stream(Some(stream));
        let at = At { place: self.stem.as_ref(), number: cut.number, around: self.reader.around() };
        self.ingest.make(&record, at, &mut self.last_source);
        // They are given out from the end.
        self.ingest.made.reverse();
        Ok(())
    }

    fn report(&mut self, fault: Fault) -> RecordError {
        if let Some(coverage) = &mut self.ingest.coverage {
            let counts = coverage.of(&self.last_source);
            counts.errors = counts.errors.saturating_add(1);
        }
        RecordError::new(&self.place, (fault.number, fault.offset), fault.reason)
    }
}

impl<R: Read> fmt::Debug for Events<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events").field("place", &self.place).finish_non_exhaustive()
    }
}

/// Where a record stands: its number in what place, and the text of what is around its list.
#[derive(Clone, Copy)]
struct At<'w> {
    place: Option<&'w Arc<String>>,
    number: u64,
    around: Option<&'w str>,
}

/// What one record's mapping needs besides the record.
struct Work<'w> {
    context: &'w Context,
    redact: &'w dyn Redact,
    coverage: Option<&'w mut Coverage>,
    made: &'w mut Vec<Event>,
    paths: &'w mut Vec<String>,
    left: &'w mut String,
    at: At<'w>,
}

/// The names under which this crate adds to `unmapped`.
const ENVELOPE: &str = "homeostat_envelope";
const AROUND: &str = "homeostat_around";
const WITHHELD: &str = "homeostat_withheld";
const VALUE: &str = "value";

impl Work<'_> {
    fn map(&mut self, record: &Record<'_>, source: Option<&dyn Source>, envelope: Option<&Envelope<'_>>) {
        let name = source.map_or(Coverage::UNKNOWN, Source::name);
        self.paths.clear();
        let (withheld, masked) = cut(self.redact, name, record.root(), self.paths);
        match masked {
            Some(masked) => {
                let withheld = withheld.saturating_add(masked.leaves);
                self.map_cut(&masked.record(record), source, (envelope, withheld));
            }
            None => self.map_cut(record, source, (envelope, withheld)),
        }
    }

    /// Maps a record in which nothing secret stands any more; so many scalars were withheld or masked.
    fn map_cut(
        &mut self,
        record: &Record<'_>,
        source: Option<&dyn Source>,
        (envelope, withheld): (Option<&Envelope<'_>>, u64),
    ) {
        let name = source.map_or(Coverage::UNKNOWN, Source::name);
        let withheld = withheld.saturating_add(self.withhold_around(name, envelope));
        if let Some(source) = source {
            source.map(record, self.context, self.made);
        }
        if self.made.is_empty() {
            self.made.push(unclaimed(name));
        }
        self.gather_leftovers(record);
        self.keep_around(envelope);
        for (number, event) in self.made.iter_mut().enumerate() {
            if number == 0 && !self.left.is_empty() {
                keep_left(event, record, self.left);
            }
            if let Some(tenant) = &self.context.tenant {
                event.set_tenant(tenant);
            }
            if let Some(network) = &self.context.network {
                place(event, network);
            }
            if let Some(place) = self.at.place {
                event.set_record(place, self.at.number);
            }
        }
        self.count(name, record, envelope, withheld);
    }

    fn withhold_around(&mut self, source: &str, envelope: Option<&Envelope<'_>>) -> u64 {
        let around = envelopes(envelope).map(|around| {
            withhold(self.redact, source, around, self.paths)
                + withhold_texts(self.redact, source, around, self.paths)
        });
        around.sum()
    }

    /// What no mapper took, as one JSON object on one line; empty when nothing is left, or when the mapper gave it to
    /// its event.
    fn gather_leftovers(&mut self, record: &Record<'_>) {
        let left = &mut *self.left;
        left.clear();
        let root = record.root();
        if record.is_settled() {
            // Nothing to do.
        } else if root.is_object() {
            root.write_leftovers(left);
        } else {
            let mut text = String::new();
            root.write_left(&mut text);
            add(left, VALUE, &text);
        }
    }

    /// Keeps in the first event what stands around the record, and the paths of what was withheld.
    fn keep_around(&mut self, envelope: Option<&Envelope<'_>>) {
        let Some(event) = self.made.first_mut() else { return };
        for (number, around) in envelopes(envelope).enumerate() {
            let mut text = String::new();
            if around.write_leftovers(&mut text) {
                event.keep(&envelope_name(number), &JsonText::new(text));
            }
        }
        if let Some(around) = self.at.around {
            event.keep(AROUND, &JsonText::new(around));
        }
        if !self.paths.is_empty() {
            event.keep(WITHHELD, &JsonText::new(list_of(self.paths)));
        }
    }

    fn count(&mut self, name: &str, record: &Record<'_>, envelope: Option<&Envelope<'_>>, withheld: u64) {
        let Some(coverage) = self.coverage.as_deref_mut() else { return };
        let counts = coverage.of(name);
        self.made.iter().for_each(|event| counts.count_event(event));
        let told: Vec<Told> = self.made.iter().map(Told::of).collect();
        let found = Found::within(&told);
        let mut count = Count::into(&mut counts.fields);
        found.count(record.root(), None, &mut count);
        for (number, around) in envelopes(envelope).enumerate() {
            found.count(around, Some(&envelope_name(number)), &mut count);
        }
        let leaves = count.leaves;
        counts.count_leaves(leaves, withheld);
    }
}

fn envelopes<'e>(innermost: Option<&'e Envelope<'e>>) -> impl Iterator<Item = Field<'e>> {
    core::iter::successors(innermost, |envelope| envelope.outer).map(|envelope| envelope.around)
}

fn envelope_name(number: usize) -> String {
    if number == 0 { ENVELOPE.to_owned() } else { format!("{ENVELOPE}_{}", number + 1) }
}

/// Adds a member to the object in `left`, which may be empty text.
fn add(left: &mut String, name: &str, json: &str) {
    if left.is_empty() {
        left.push('{');
    } else {
        left.pop();
        left.push(',');
    }
    write_text(name, left);
    left.push(':');
    left.push_str(json);
    left.push('}');
}

/// The texts as a JSON array.
fn list_of(texts: &[String]) -> String {
    let mut list = String::from("[");
    for (number, text) in texts.iter().enumerate() {
        if number > 0 {
            list.push(',');
        }
        write_text(text, &mut list);
    }
    list.push(']');
    list
}

/// Gives `event` what is left of its record: one object on one line, which need not be read again unless the source
/// itself wrote what could be taken for the event's id.
fn keep_left(event: &mut Event, record: &Record<'_>, left: &str) {
    let root = record.root();
    if came_whole(root) {
        keep_beside(event, left);
    } else if root.member(REFERENCE).is_some() || root.has_escaped_names() {
        event.set_unmapped(JsonText::new(left));
    } else {
        event.set_leftovers(left);
    }
}

/// Whether the record was an event already, with leftovers of its own.
fn came_whole(root: Field<'_>) -> bool {
    let first = root.children().find(|member| member.marked() != Mark::Withheld);
    first.is_some_and(|member| member.marked() == Mark::Whole)
}

/// Keeps each member of `left` beside the leftovers that an event came with.
fn keep_beside(event: &mut Event, left: &str) {
    let mut tape = Tape::default();
    if tape.parse(left.as_bytes(), usize::MAX).is_ok() {
        for member in Record::new(left, &tape).root().children() {
            event.keep(&member.name(), &JsonText::new(member.json()));
        }
    }
}

/// A record that no mapper makes anything of: everything of it stands in `unmapped`.
fn unclaimed(source: &str) -> Event {
    Event::base_event(Head::new(0, Timestamp::UNKNOWN, Product::new(source, source)))
}

/// The file's name without directory and extensions.
fn stream_of(place: &str) -> &str {
    let name = place.rsplit('/').next().unwrap_or(place);
    name.split('.').next().unwrap_or(name)
}

/// Tells of both ends which network their private addresses belong to, unless the record did.
fn place(event: &mut Event, network: &str) {
    let placed = |end: &NetworkEndpoint| {
        let told = end.vpc_uid().or_else(|| end.zone()).is_some();
        (!told && end.ip().is_some()).then(|| {
            let mut end = end.clone();
            end.set_zone(network);
            end
        })
    };
    let (source, destination) =
        (event.src_endpoint().and_then(placed), event.dst_endpoint().and_then(placed));
    event.set_src_endpoint(source).set_dst_endpoint(destination);
}
