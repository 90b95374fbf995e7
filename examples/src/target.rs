//! The `homeostat` pipeline under the maturity tests: how a stack of any vendor is connected, in one file.
//!
//! Answers are provisional: what is known at an event, not what is settled once late events have had their time.

use crate::reaction::Reaction;
use homeostat::{Estate, Exposed, Pipeline, Repair, Settings, Upkeep};
use homeostat_core::{
    Domain, EntityKey, EntityKind, EventRef, Occurrence, Role, Signal, Stage, TenantId, Timestamp,
};
use homeostat_event::{Event, Severity};
use homeostat_graph::{Inventory, Reading};
use homeostat_identity::{Directory, Entity, EntityClass, Link, LinkKind};
use homeostat_incident::{Incident, Intel, Involved, Report, Update};
use homeostat_maturity::{
    Acceptance, ActionRecord, FindingView, IncidentView, IntelItem, LineView, MaturityTarget, Part, PlanId,
    PlanView, ReportView, Section, Setting, StepView, Thresholds, Unsupported,
};
use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;

/// The pipeline of one tenant, as a target of the maturity tests.
///
/// ```
/// use homeostat_examples::HomeostatTarget;
/// use homeostat_maturity::{MaturityTarget, Setting};
///
/// let account = r#"{"UserDetailList": []}"#.to_owned();
/// let setting = Setting { account, ..Setting::of_tenant("acme") };
/// assert!(HomeostatTarget::new(&setting)?.incidents()?.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct HomeostatTarget {
    pipeline: Pipeline,
    reaction: Reaction,
    now: Timestamp,
    tenant: TenantId,
    // Repairs that were carried out.
    done: u64,
}

impl HomeostatTarget {
    /// A pipeline for the tenant of `setting`, which knows the account's configuration and nothing else.
    ///
    /// # Errors
    ///
    /// The tenant has no valid name, or the configuration is no answer of `GetAccountAuthorizationDetails`.
    pub fn new(setting: &Setting) -> Result<Self, Box<dyn Error>> {
        let tenant = TenantId::new(setting.tenant)?;
        let reading = Reading::new(tenant.clone(), Timestamp::UNKNOWN);
        let inventory = Inventory::from_account_authorization(&setting.account, &reading)?;
        let reaction = Reaction::new(tenant.clone())?;
        let upkeep = Upkeep::of_account(&tenant, &setting.account)?.approved_by_tag(setting.approval_tag);
        let mut settings = Settings::new(tenant.clone());
        settings.stories.lateness_ms = 0;
        settings.anonymisers.clone_from(&setting.anonymisers);
        settings.expected.clone_from(&setting.scanners);
        settings.windows_domains = setting.domains.iter().cloned().collect();
        settings.exposed = setting.software.iter().cloned().map(Exposed::from).collect();
        let pipeline = settings.pipeline()?.with_estate(Estate::new(inventory).with_upkeep(upkeep));
        Ok(Self { pipeline, reaction, now: Timestamp::UNKNOWN, tenant, done: 0 })
    }

    /// Answers what the pipeline told, and lifts what is no longer needed.
    fn react(&mut self, updates: &[Update]) {
        for alarm in self.pipeline.take_alarms() {
            self.reaction.alarm(&self.pipeline, &alarm, self.now);
        }
        for calmed in self.pipeline.take_calmed() {
            self.reaction.lift(&calmed, self.now);
        }
        self.reaction.answer(&self.pipeline, updates, self.now);
        for mended in self.pipeline.take_mended() {
            self.reaction.lift(&mended.to_string(), self.now);
        }
        self.reaction.tick(self.now);
    }

    /// A second target that knows the same: the pipeline from its snapshot, the responder from its journal.
    fn second(&self) -> Result<Self, Box<dyn Error>> {
        Ok(Self {
            pipeline: Pipeline::from_bytes(&self.pipeline.to_bytes())?,
            reaction: self.reaction.fork(self.now)?,
            now: self.now,
            tenant: self.tenant.clone(),
            done: self.done,
        })
    }

    fn report_of(&self, incident: &Incident) -> Report {
        incident.report(self.pipeline.estate().graph(), self.pipeline.estate().graph())
    }
}

impl MaturityTarget for HomeostatTarget {
    fn feed(&mut self, event: Event) -> Result<(), Unsupported> {
        self.now = self.now.max(event.when());
        let updates = self.pipeline.observe(&event);
        self.react(&updates);
        Ok(())
    }

    fn fork(&self) -> Option<Box<dyn MaturityTarget>> {
        Some(Box::new(self.second().ok()?))
    }

    fn tick(&mut self, now: Timestamp) -> Result<(), Unsupported> {
        self.now = self.now.max(now);
        let updates = self.pipeline.tick(now);
        self.react(&updates);
        Ok(())
    }

    /// One risk for all domains, that of whomever the directory knows under this name.
    fn risk(&self, who: &EntityKey, _domain: Domain) -> Result<f64, Unsupported> {
        let id = self.pipeline.directory().resolve(who, self.now);
        Ok(id.map_or(0.0, |id| self.pipeline.risk().risk_of(id, self.now).score()))
    }

    /// Whether anything was said of the last event that reaches the threshold of whoever it is about.
    fn fires(&self, event: &EventRef) -> Result<bool, Unsupported> {
        let reaches = |signal: &Signal| signal.tightened || signal.bits >= self.pipeline.threshold();
        let mut raised = self.pipeline.raised().iter().filter(|signal| signal.evidence.contains(event));
        Ok(raised.any(reaches))
    }

    fn thresholds(&self, who: &EntityKey) -> Result<Thresholds, Unsupported> {
        let base = self.pipeline.threshold();
        let id = self.pipeline.directory().resolve(who, self.now);
        let risk = id.map(|id| self.pipeline.risk().risk_of(id, self.now));
        let now = risk.map_or(base, |risk| base.above(risk.tightening(self.now)));
        Ok(Thresholds { domains: Domain::ALL.into_iter().map(|domain| (domain, (base, now))).collect() })
    }

    fn actions(&self) -> Result<Vec<ActionRecord>, Unsupported> {
        Ok(self.reaction.actions())
    }

    fn incidents(&self) -> Result<Vec<IncidentView>, Unsupported> {
        let incidents = self.pipeline.investigator().incidents();
        let aliases = if incidents.is_empty() { Vec::new() } else { self.pipeline.directory().aliases() };
        let names: BTreeMap<&EntityKey, &Entity> = aliases
            .iter()
            .flat_map(|entity| entity.identifiers.iter().map(move |key| (key, entity)))
            .collect();
        let directory = self.pipeline.directory();
        let shown = |incident: &Incident| view(incident, &self.report_of(incident), (&names, directory));
        Ok(incidents.iter().map(shown).collect())
    }

    fn findings(&self) -> Result<Vec<FindingView>, Unsupported> {
        let upkeep = self.pipeline.estate().upkeep().ok_or(Unsupported(Part::Findings))?;
        let view = |finding: &homeostat_posture::Finding| FindingView {
            rule: finding.rule().to_owned(),
            object: finding.object().clone(),
            at: finding.since(),
            because: finding.since().is_moment().then(|| finding.evidence().clone()),
            regressed: finding
                .regression()
                .map(|back| back.story.clone().unwrap_or_else(|| back.earlier.to_string())),
        };
        Ok(upkeep.posture().findings().map(view).collect())
    }

    fn plans(&self) -> Result<Vec<PlanView>, Unsupported> {
        Ok(self.pipeline.estate().repairs().into_iter().map(plan).collect())
    }

    fn approve(&mut self, plan: &PlanId) -> Result<(), Unsupported> {
        let repairs = self.pipeline.estate().repairs();
        let repair = repairs.iter().find(|repair| repair.id() == plan.0).ok_or(Unsupported(Part::Approve))?;
        let event = EventRef::new("repairs", self.done).map_err(|_| Unsupported(Part::Approve))?;
        self.done += 1;
        let (tenant, time) = (self.tenant.clone(), self.now);
        let updates =
            self.pipeline.carry_out(repair, &Occurrence { tenant, event, time, domain: Domain::Cloud });
        self.react(&updates);
        Ok(())
    }

    fn intelligence(&mut self, item: &IntelItem) -> Result<(), Unsupported> {
        self.pipeline.learn_intel(&Intel::Advisory {
            id: item.id.clone(),
            product: item.product.clone(),
            bits: item.bits,
            published: item.published,
        });
        Ok(())
    }

    fn watched(&self, asset: &EntityKey) -> Result<f64, Unsupported> {
        Ok(self.pipeline.watch(asset, self.now).map_or(0.0, |watch| watch.bits.get()))
    }

    /// What is done of late is expected from now on; the baseline knows which of it is in doubt.
    fn accept(&mut self, what: &Acceptance) -> Result<(), Unsupported> {
        self.pipeline.accept(&what.who, self.now.max(what.until));
        Ok(())
    }

    fn report(&self, from: &EventRef) -> Result<ReportView, Unsupported> {
        let Some(incident) = self.pipeline.investigator().incident_with(from) else {
            return Ok(ReportView::default());
        };
        let report = self.report_of(&incident);
        // A section without lines says that nothing of it was observed.
        let all = [Section::Entry, Section::Privilege, Section::Movement, Section::Egress];
        let mut sections: BTreeMap<Section, Vec<LineView>> =
            all.into_iter().map(|section| (section, Vec::new())).collect();
        for step in &report.steps {
            let line = LineView { at: step.time, text: step.sentence.clone(), events: step.events.clone() };
            sections.entry(section(step.stage)).or_default().push(line);
        }
        Ok(ReportView { incident: Some(report.id.clone()), sections, answers: answers(&report) })
    }
}

type Names<'a> = BTreeMap<&'a EntityKey, &'a Entity>;

fn plan(repair: Repair) -> PlanView {
    PlanView {
        id: PlanId(repair.id()),
        incident: repair.incident.map(|incident| incident.to_string()),
        permissions: repair.permissions,
        path_gone: Some(repair.path_gone && repair.lost == 0),
        who: repair.who,
        before: repair.before.into_iter().collect(),
        after: repair.after.into_iter().collect(),
    }
}
fn view(incident: &Incident, report: &Report, (names, directory): (&Names<'_>, &Directory)) -> IncidentView {
    let known = |involved: &Involved| involved.keys.iter().find_map(|key| names.get(key).copied());
    let shown = |entity: &Entity| shown_as(entity, incident, (names, directory));
    let mut who: Vec<Vec<EntityKey>> = incident.entities().iter().filter_map(known).map(shown).collect();
    who.sort();
    who.dedup();
    let objects = incident.entities().iter().filter(|involved| is_object(involved));
    IncidentView {
        id: report.id.clone(),
        opened: incident.opened(),
        severity: severity(report.severity),
        confidence: homeostat_core::Bits::new(incident.score()).risk(),
        open: !incident.is_closed(),
        steps: incident
            .steps()
            .iter()
            .filter_map(|step| {
                let (technique, events) = (step.technique.clone(), step.events.clone());
                Some(StepView { at: step.time, stage: step.stage?, technique, events })
            })
            .collect(),
        who,
        objects: objects.flat_map(|involved| involved.keys.iter().cloned()).collect(),
        events: incident.events().to_vec(),
        answers: answers(report),
    }
}

/// The names under which `entity` shows in `incident`: its own, and of a person those of the machine at which nobody
/// else was signed in then, with the addresses that machine held. Only what the incident itself names is told.
fn shown_as(
    entity: &Entity,
    incident: &Incident,
    (names, directory): (&Names<'_>, &Directory),
) -> Vec<EntityKey> {
    let mut shown = entity.identifiers.clone();
    let keys = || incident.entities().iter().flat_map(|involved| &involved.keys);
    let then = |link: &Link| {
        let (from, to) = (link.valid.from(), link.valid.to());
        link.kind == LinkKind::LoggedOn && from <= incident.updated() && to >= incident.first()
    };
    let logons = |key: &EntityKey| directory.links_of_key(key).into_iter().map(|(_, link)| link).filter(then);
    let machines: BTreeSet<EntityKey> = entity
        .identifiers
        .iter()
        .flat_map(|key| logons(key).map(|link| link.b).collect::<Vec<_>>())
        .collect();
    let alone = |machine: &EntityKey| logons(machine).all(|link| entity.identifiers.contains(&link.a));
    for machine in machines.into_iter().filter(alone) {
        let Some(known) = names.get(&machine) else { continue };
        let own = keys().filter(|key| known.identifiers.contains(key));
        let times = [incident.first(), incident.opened(), incident.updated()];
        let holds = |key: &&EntityKey| {
            let holders = times.into_iter().filter_map(|at| directory.holder(key, at));
            key.kind() == EntityKind::Ip && holders.into_iter().any(|id| id == known.id)
        };
        shown.extend(own.chain(keys().filter(holds)).cloned());
    }
    shown.sort();
    shown.dedup();
    shown
}

/// Whether an entity is data or a system that something was done to.
fn is_object(involved: &Involved) -> bool {
    let thing = matches!(
        involved.class,
        EntityClass::DataStore | EntityClass::Workload | EntityClass::Device | EntityClass::Domain
    );
    let resource = involved.keys.iter().any(|key| key.kind() == EntityKind::ResourceArn);
    (thing || resource) && involved.roles.contains(&Role::Target)
}

fn severity(word: &str) -> Severity {
    match word {
        "critical" => Severity::CRITICAL,
        "high" => Severity::HIGH,
        "medium" => Severity::MEDIUM,
        _ => Severity::LOW,
    }
}

/// The section in which a stage is told: that to which it leads.
const fn section(stage: Option<Stage>) -> Section {
    match stage {
        None | Some(Stage::Entry | Stage::Discovery) => Section::Entry,
        Some(Stage::Privilege | Stage::Persistence | Stage::Evasion) => Section::Privilege,
        Some(Stage::Movement | Stage::C2) => Section::Movement,
        Some(Stage::Collection | Stage::Egress | Stage::Impact) => Section::Egress,
    }
}

fn answers(report: &Report) -> BTreeMap<String, String> {
    let answers = &report.answers;
    let told = [
        ("what", &answers.what),
        ("who", &answers.who),
        ("why", &answers.why),
        ("how", &answers.how),
        ("where else", &answers.where_else),
        ("how much worse", &answers.how_much_worse),
    ];
    told.into_iter().map(|(question, answer)| (question.to_owned(), answer.text.clone())).collect()
}
