//! Acme: a simulated company whose sources write native logs, the same bytes for the same seed everywhere.
//!
//! Everyday life is written first, from a random stream a person and day; stories are laid over it and only
//! add records. Writing takes O(records) time and memory, about 0.7 KB a record.

use crate::calendar::{Calendar, OFFSET_MINUTES};
use crate::cast::{BUCKETS, Cast};
use crate::log::{Log, LogSource, Mark, Pages, Record};
use crate::machinery::{Today, machines};
use crate::story::tell;
use crate::workday::people;
use crate::{Story, Truth, configuration};
use core::fmt;
use homeostat_core::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// The name of the tenant, for `TenantId` and key scopes.
pub const TENANT: &str = "acme";
/// The name of its Okta organization.
pub const OKTA_ORG: &str = "acme.okta.example";

/// Which Acme is to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TenantOptions {
    /// The seed of all chance.
    pub seed: u64,
    /// Days of history in all, at least [`Self::LEAST_DAYS`]. 14 by default: two full weeks teach a weekly rhythm.
    pub days: u16,
    /// What is done on top of everyday life. Nothing by default.
    pub stories: BTreeSet<Story>,
}

impl TenantOptions {
    /// The shortest history: stories begin a week before its last day but one.
    pub const LEAST_DAYS: u16 = 10;
    /// The longest history: a year takes about 2 GB.
    pub const MOST_DAYS: u16 = 366;

    /// Fourteen days of everyday life.
    pub fn new(seed: u64) -> Self {
        Self { seed, days: 14, stories: BTreeSet::new() }
    }

    /// With a history of `days`, brought between [`Self::LEAST_DAYS`] and [`Self::MOST_DAYS`].
    #[must_use]
    pub fn days(mut self, days: u16) -> Self {
        self.days = days.clamp(Self::LEAST_DAYS, Self::MOST_DAYS);
        self
    }

    /// With `story` as well.
    #[must_use]
    pub fn story(mut self, story: Story) -> Self {
        self.stories.insert(story);
        self
    }
}

/// A tenant with all its logs. `Debug` shows counts only.
///
/// ```
/// use homeostat_maturity::{Story, Tenant, TenantOptions};
///
/// let attacked = Tenant::new(&TenantOptions::new(7).story(Story::MultiHop));
/// let twin = Tenant::new(&TenantOptions::new(7));
/// let attack = attacked.truth(Story::MultiHop).unwrap().events().len();
/// assert_eq!(attacked.len(), twin.len() + attack);
/// ```
pub struct Tenant {
    options: TenantOptions,
    calendar: Calendar,
    log: Log,
    truths: Vec<Truth>,
    account: String,
}

impl Tenant {
    /// Writes the tenant.
    pub fn new(options: &TenantOptions) -> Self {
        let options = options.clone().days(options.days);
        let (seed, calendar) = (options.seed, Calendar { days: i64::from(options.days) });
        let cast = Cast::of(seed, calendar.days);
        let mut log = Log::default();
        for day in 0..calendar.days {
            people(&mut log, seed, &cast, calendar, day);
            machines(&mut log, Today { seed, cast: &cast, calendar, day });
        }
        let mut truths: Vec<Truth> =
            options.stories.iter().map(|story| tell(&mut log, seed, *story, (&cast, calendar))).collect();
        log.sort();
        let marked = log.marked();
        for truth in &mut truths {
            truth.place(&marked);
        }
        Self { options, calendar, log, truths, account: configuration::account(seed, &cast) }
    }

    /// What was asked for.
    pub fn options(&self) -> &TenantOptions {
        &self.options
    }

    /// The number of records.
    pub fn len(&self) -> usize {
        self.log.records.len()
    }

    /// Whether there is no record; there always are.
    pub fn is_empty(&self) -> bool {
        self.log.records.is_empty()
    }

    /// The number of records of each source.
    pub fn counts(&self) -> BTreeMap<LogSource, usize> {
        let mut counts = BTreeMap::new();
        for record in &self.log.records {
            *counts.entry(record.source).or_insert(0) += 1;
        }
        counts
    }

    /// The native logs as files: name relative to the tenant's directory, and bytes. Event ids follow from both.
    ///
    /// `account-authorization.json`, the account's configuration, is not among them: see [`Self::account`].
    pub fn logs(&self) -> impl Iterator<Item = (String, Vec<u8>)> {
        self.log.files().into_iter().map(|(name, records)| (name, Pages::of(records).whole()))
    }

    /// The directory of the tenant as files: its logs and its configuration.
    pub fn files(&self) -> impl Iterator<Item = (String, Vec<u8>)> {
        let account = ("account-authorization.json".to_owned(), self.account.clone().into_bytes());
        self.logs().chain([account])
    }

    /// The account's configuration before the stories, as `GetAccountAuthorizationDetails` answers.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// The ARNs of the account's buckets: what is worth reaching there.
    pub fn buckets(&self) -> impl Iterator<Item = String> {
        BUCKETS.iter().map(|bucket| format!("arn:aws:s3:::{bucket}"))
    }

    /// How `story` really went; `None` when it is not told here.
    pub fn truth(&self, story: Story) -> Option<&Truth> {
        self.truths.iter().find(|truth| truth.story == story)
    }

    /// The native logs, not yet as bytes.
    pub(crate) fn log_files(&self) -> Vec<(String, Vec<&Record>)> {
        self.log.files()
    }

    /// When each record of a file was written and the story it belongs to, in the order of the file.
    pub(crate) fn records(&self) -> impl Iterator<Item = (String, Vec<(Timestamp, Option<Mark>)>)> {
        let told = |record: &Record| (Timestamp::from_micros(record.at), record.mark);
        self.log
            .files()
            .into_iter()
            .map(move |(name, records)| (name, records.into_iter().map(told).collect()))
    }

    /// How far the office's clock is ahead of UTC, in minutes, all through the history.
    pub fn offset_minutes(&self) -> i32 {
        i32::try_from(OFFSET_MINUTES).unwrap_or(0)
    }

    /// Midnight, office time, of the day on which stories reach their height.
    pub fn story_day(&self) -> Timestamp {
        Timestamp::from_micros(self.calendar.at(self.calendar.story_day(), 0))
    }
}

impl fmt::Debug for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tenant({TENANT}, seed {}, {} records)", self.options.seed, self.len())
    }
}
