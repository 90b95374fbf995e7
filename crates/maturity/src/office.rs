//! Microsoft 365 at Acme: mail that comes and goes, links that are clicked, files and mailboxes that are read.
//!
//! Records have the shape of the Office 365 Management Activity API and of Exchange's message trace. Each person and
//! day has a random stream of its own, so that no other source's records move.

use crate::cast::{Person, Place, Team};
use crate::log::{Log, LogSource, bare_text, seconds_text};
use crate::object::Object;
use crate::rng::Rng;

/// Acme's directory at Microsoft.
const ORGANIZATION: &str = "5d6c7b8a-1f2e-4c3d-9a4b-0c1d2e3f4a5b";
/// Where Acme's files lie.
const SITE: &str = "https://acme.sharepoint.example/sites";
const FOLDERS: [&str; 12] = [
    "Planning",
    "Minutes",
    "Drafts",
    "Reviews",
    "Budget",
    "Handbook",
    "Onboarding",
    "Releases",
    "Contracts",
    "Archive",
    "Research",
    "Training",
];

/// Somebody at work with Microsoft 365.
#[derive(Clone, Copy)]
pub(crate) struct Desk<'a> {
    pub(crate) person: &'a Person,
    pub(crate) place: &'a Place,
    pub(crate) agent: &'a str,
    /// The browser's session; the office programs of a known device tell none.
    pub(crate) session: Option<&'a str>,
}

/// One mail as the message trace tells it.
#[derive(Clone, Copy)]
pub(crate) struct Mail<'a> {
    pub(crate) from: &'a str,
    pub(crate) to: &'a str,
    pub(crate) subject: &'a str,
    /// The server that handed it over.
    pub(crate) server: &'a str,
}

/// Writes what `desk`'s owner does with mail and files in `minutes` from `begin` on.
pub(crate) fn office_work(log: &mut Log, rng: &mut Rng, desk: Desk<'_>, (begin, minutes): (i64, i64)) {
    let moment = |rng: &mut Rng| begin + rng.between(0, minutes.max(1) * 60_000) * 1_000;
    for _ in 0..rng.between(5, 12) {
        let at = moment(rng);
        incoming(log, rng, at, desk.person);
    }
    for _ in 0..rng.between(6, 22) {
        let at = moment(rng);
        let operation = rng.pick(&[
            "FileAccessed",
            "FileAccessed",
            "FileAccessed",
            "FilePreviewed",
            "FileModified",
            "FileDownloaded",
        ]);
        let file = usual_file(rng, desk.person);
        desk.file(log, rng, at, (operation, &file));
    }
    for _ in 0..rng.between(2, 6) {
        let at = moment(rng);
        desk.mailbox(log, rng, at, MailboxAct::Read);
    }
    if rng.chance(25, 100) {
        let at = moment(rng);
        desk.mailbox(log, rng, at, MailboxAct::Search);
    }
    for _ in 0..rng.between(0, 4) {
        let at = moment(rng);
        let page = format!("https://www.site-{:03}.example/news/{}", rng.skewed(400), rng.below(900));
        desk.click(log, rng, at, &page);
    }
    if desk.person.team != Team::Data && rng.chance(5, 100) {
        let at = moment(rng);
        desk.mailbox(log, rng, at, MailboxAct::SetUp);
    }
}

/// A mail of one of the correspondents; one in a hundred is from somebody who never wrote before.
fn incoming(log: &mut Log, rng: &mut Rng, at: i64, person: &Person) {
    let domain = match rng.below(100) {
        0 => format!("{}.example", rng.token(9, b"abcdefghijklmnopqrstuvwxyz")),
        1..40 => "acme.example".to_owned(),
        _ => format!("partner-{:03}.example", rng.skewed(120)),
    };
    let number = rng.skewed(9);
    let from = format!("{}@{domain}", rng.pick(&["office", "sales", "news", "support", "team"]));
    let subject = format!(
        "{} {}",
        rng.pick(&["Re: order", "Minutes", "Invoice", "Offer", "Newsletter"]),
        rng.below(9_000)
    );
    let server = format!("198.18.20.{}", 10 + number);
    mail(log, rng, at, Mail { from: &from, to: &person.email, subject: &subject, server: &server });
}

/// Writes that `mail` was delivered at `at`.
pub(crate) fn mail(log: &mut Log, rng: &mut Rng, at: i64, mail: Mail<'_>) {
    let line = Object::default()
        .text("Organization", "acme.example")
        .text(
            "MessageId",
            &format!("<{}@{}>", rng.hex(24), mail.from.split('@').next_back().unwrap_or("acme.example")),
        )
        .text("Received", &bare_text(at))
        .text("SenderAddress", mail.from)
        .text("RecipientAddress", mail.to)
        .text("Subject", mail.subject)
        .text("Status", "Delivered")
        .plain("ToIP", "null")
        .text("FromIP", mail.server)
        .plain("Size", 4_000 + rng.skewed(900_000))
        .text("MessageTraceId", &rng.uuid())
        .end();
    log.write(LogSource::MessageTrace, at, line);
}

/// A file of the own team, or now and then of another.
fn usual_file(rng: &mut Rng, person: &Person) -> FileName {
    let site = if rng.chance(8, 100) {
        rng.pick(&["engineering", "data", "operations", "business"])
    } else {
        site_of(person)
    };
    FileName {
        site,
        folder: FOLDERS.get(rng.index(FOLDERS.len())).copied().unwrap_or("Archive"),
        number: rng.skewed(260),
    }
}

/// The site of a person's team.
pub(crate) const fn site_of(person: &Person) -> &'static str {
    match person.team {
        Team::Engineering => "engineering",
        Team::Data => "data",
        Team::Operations => "operations",
        Team::Business => "business",
    }
}

/// One file of a team's site.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FileName {
    pub(crate) site: &'static str,
    pub(crate) folder: &'static str,
    pub(crate) number: u64,
}

impl FileName {
    /// The `number`th file of all that a site has, folder by folder.
    pub(crate) fn of(site: &'static str, number: u64) -> Self {
        let at = usize::try_from(number).unwrap_or(0) % FOLDERS.len();
        Self {
            site,
            folder: FOLDERS.get(at).copied().unwrap_or("Archive"),
            number: number / FOLDERS.len() as u64,
        }
    }
}

/// What is done in a mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MailboxAct {
    Read,
    Search,
    SetUp,
}

impl Desk<'_> {
    fn audit(&self, rng: &mut Rng, at: i64, (operation, kind, workload): (&str, &str, &str)) -> Object {
        Object::default()
            .text("CreationTime", &bare_text(at))
            .text("Id", &rng.uuid())
            .text("Operation", operation)
            .text("OrganizationId", ORGANIZATION)
            .plain("RecordType", kind)
            .text("UserKey", &self.key())
            .plain("UserType", 0)
            .plain("Version", 1)
            .text("Workload", workload)
            .text("UserId", &self.person.email)
    }

    /// The key that Exchange gave the person.
    fn key(&self) -> String {
        let mut rng = Rng::of(0, &format!("puid {}", self.person.okta));
        format!("1003{}", rng.hex(12).to_uppercase())
    }

    /// Writes that `operation` was done to a file at `at`.
    pub(crate) fn file(&self, log: &mut Log, rng: &mut Rng, at: i64, (operation, file): (&str, &FileName)) {
        let FileName { site, folder, number } = file;
        let name = format!("{}-{number:04}.docx", folder.to_lowercase());
        let line = self
            .audit(rng, at, (operation, "6", "SharePoint"))
            .text("ClientIP", &self.place.address)
            .text("ObjectId", &format!("{SITE}/{site}/Shared Documents/{folder}/{name}"))
            .text("EventSource", "SharePoint")
            .text("ItemType", "File")
            .text("UserAgent", self.agent)
            .text("SourceFileExtension", "docx")
            .text("SiteUrl", &format!("{SITE}/{site}/"))
            .text("SourceFileName", &name)
            .text("SourceRelativeUrl", &format!("Shared Documents/{folder}"))
            .object("AppAccessContext", &self.browser())
            .end();
        log.write(LogSource::M365, at, line);
    }

    /// Writes that a folder of a site was opened at `at`.
    pub(crate) fn list(&self, log: &mut Log, rng: &mut Rng, at: i64, (site, folder): (&str, &str)) {
        let line = self
            .audit(rng, at, ("FolderAccessed", "6", "SharePoint"))
            .text("ClientIP", &self.place.address)
            .text("ObjectId", &format!("{SITE}/{site}/Shared Documents/{folder}"))
            .text("EventSource", "SharePoint")
            .text("ItemType", "Folder")
            .text("UserAgent", self.agent)
            .text("SiteUrl", &format!("{SITE}/{site}/"))
            .text("SourceFileName", folder)
            .text("SourceRelativeUrl", "Shared Documents")
            .object("AppAccessContext", &self.browser())
            .end();
        log.write(LogSource::M365, at, line);
    }

    fn browser(&self) -> Object {
        match self.session {
            Some(session) => Object::default().text("AADSessionId", session),
            None => Object::default(),
        }
    }

    /// Writes that the own mailbox was read or searched at `at`.
    pub(crate) fn mailbox(&self, log: &mut Log, rng: &mut Rng, at: i64, act: MailboxAct) {
        let (operation, kind) = match act {
            MailboxAct::Read => ("MailItemsAccessed", "50"),
            MailboxAct::Search => ("SearchQueryInitiatedExchange", "\"ExchangeSearch\""),
            MailboxAct::SetUp => ("New-InboxRule", "1"),
        };
        let line = self
            .audit(rng, at, (operation, kind, "Exchange"))
            .text("ResultStatus", "Succeeded")
            .text("ClientIPAddress", &self.place.address)
            .text("ClientInfoString", &format!("Client=OWA;{}", self.agent))
            .text("MailboxOwnerUPN", &self.person.email)
            .object("AppAccessContext", &self.browser())
            .plain("OperationCount", rng.between(1, 9))
            .end();
        log.write(LogSource::M365, at, line);
    }

    /// Writes that a link to `page` in a mail was clicked at `at`.
    pub(crate) fn click(&self, log: &mut Log, rng: &mut Rng, at: i64, page: &str) {
        let time = seconds_text(at);
        let line = self
            .audit(rng, at, ("TIUrlClickData", "41", "ThreatIntelligence"))
            .text("UserIp", &self.place.address)
            .text("TimeOfClick", &time)
            .text("Url", page)
            .text("UrlClickAction", "None")
            .text("AppName", "Mail")
            .end();
        log.write(LogSource::M365, at, line);
    }
}
