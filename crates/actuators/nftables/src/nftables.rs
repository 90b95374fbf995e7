//! The five verbs on sets of the kernel whose elements have timeouts.

use crate::element::{Element, Standing, address, addresses, standing};
use crate::kernel::{Kernel, NftError};
use core::fmt;
use homeostat_core::Timestamp;
use homeostat_response::{
    Act, ActError, Action, Descriptor, Expiry, Impact, Observed, Permit, Plan, Request, TargetKind, Undo,
};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// The layout of the undo value: the elements that `apply` creates.
const UNDO: u16 = 1;
/// How often a revert looks again when the kernel took an element out in between.
const TRIES: usize = 3;
/// A lease that ends at another second than the kernel's is set anew; nearer than this it is rounding.
const ROUNDING_SECONDS: u64 = 2;

/// Blocks addresses and isolates hosts by nftables, each element with its lease as timeout and the action's id as
/// comment.
#[derive(Clone)]
pub struct Nftables {
    descriptor: Descriptor,
    kernel: Arc<dyn Kernel>,
    clock: fn() -> Timestamp,
}

impl Nftables {
    /// An actuator on `kernel`, in which [`Self::install`] was run once.
    pub fn new(kernel: Arc<dyn Kernel>) -> Self {
        let mut descriptor = Descriptor::new("nftables", Action::Block, TargetKind::Address);
        descriptor.actions.extend([Action::Isolate, Action::EnforcePatternOfLife]);
        descriptor.target_kinds.extend([TargetKind::Host, TargetKind::Instance, TargetKind::Workload]);
        descriptor.expiry = Expiry::TargetSide;
        descriptor.openc2 = Some("slpf".to_owned());
        descriptor.permissions = vec!["CAP_NET_ADMIN in the network namespace".to_owned()];
        descriptor.residual = vec!["traffic that does not pass this machine".to_owned()];
        Self { descriptor, kernel, clock: system_time }
    }

    /// The same with another clock than the system's: the kernel takes spans, a permit has an end.
    #[must_use]
    pub fn clock(mut self, clock: fn() -> Timestamp) -> Self {
        self.clock = clock;
        self
    }

    /// Makes the table, its sets and its rules; when they are there, the sets keep what is in them.
    ///
    /// # Errors
    ///
    /// As `nft` told.
    pub async fn install(&self) -> Result<(), NftError> {
        self.kernel.commit(include_str!("ruleset.nft")).await
    }

    async fn standing(&self, at: &'static str) -> Result<BTreeMap<Element, Standing>, ActError> {
        let listing = self.kernel.list().await.map_err(|error| match error {
            NftError::NoProgram | NftError::NotPermitted | NftError::Absent => ActError::permanent(at),
            _ => ActError::transient(at),
        })?;
        standing(&listing).ok_or(ActError::permanent(at))
    }

    /// Seconds from now to the end of the permit's lease, rounded up.
    fn span(&self, permit: &Permit) -> Option<u64> {
        let micros = permit.expires_at().since((self.clock)())?;
        u64::try_from(micros).ok().filter(|micros| *micros > 0).map(|micros| micros.div_ceil(1_000_000))
    }
}

impl fmt::Debug for Nftables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Nftables")
    }
}

impl Act for Nftables {
    type Done = ();
    type Seen = Observed;

    fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    fn validate(&self, request: &Request) -> Result<(), ActError> {
        let served = self.descriptor.serves(request.action, request.target.kind);
        let meant = wanted(request).is_some() && request.ttl_ms.is_some();
        if served && meant { Ok(()) } else { Err(ActError::permanent("read the addresses")) }
    }

    async fn plan(&self, request: &Request) -> Result<Plan, ActError> {
        let elements = wanted(request).ok_or(ActError::permanent("read the addresses"))?;
        let there = self.standing("list the table").await?;
        if elements.iter().any(|element| there.contains_key(element)) {
            return Err(ActError::conflict("add an address that somebody has in a set already"));
        }
        let undo = Undo::new(UNDO, &elements).map_err(|_| ActError::permanent("keep the prior state"))?;
        let summary = match request.action {
            Action::Block => "drop all traffic of one address".to_owned(),
            _ => format!("drop all traffic of one host but with {} peers", elements.len() - 1),
        };
        Ok(Plan::new(request).with_undo(undo).saying(&summary).hitting(Impact::new(1, 1)))
    }

    async fn apply(&self, permit: &Permit, plan: &Plan) -> Result<(), ActError> {
        let at = "add to the sets";
        let seconds = self.span(permit).ok_or(ActError::permanent("read how long the lease is"))?;
        let there = self.standing(at).await?;
        let mut script = String::new();
        for element in planned(plan)? {
            match there.get(&element) {
                None => create(&mut script, &element, seconds, plan),
                Some(own) if own.mark == plan.id.as_str() => {
                    let off = own.expires.map_or(u64::MAX, |left| left.abs_diff(seconds));
                    if off > ROUNDING_SECONDS {
                        delete(&mut script, &element);
                        create(&mut script, &element, seconds, plan);
                    }
                }
                Some(_) => return Err(ActError::conflict(at)),
            }
        }
        if script.is_empty() {
            Ok(())
        } else {
            self.kernel.commit(&script).await.map_err(|error| told(error, at))
        }
    }

    async fn observe(&self, plan: &Plan) -> Result<Observed, ActError> {
        let there = self.standing("list the table").await?;
        let elements = planned(plan)?;
        let (mut ours, mut foreign) = (0, 0);
        for own in elements.iter().filter_map(|element| there.get(element)) {
            if own.mark == plan.id.as_str() { ours += 1 } else { foreign += 1 }
        }
        Ok(match (ours, foreign) {
            (_, 1..) => Observed::Conflict,
            (0, 0) => Observed::NotInForce,
            (ours, 0) if ours == elements.len() => Observed::InForce,
            _ => Observed::Partial,
        })
    }

    async fn revert(&self, plan: &Plan) -> Result<(), ActError> {
        let at = "take out of the sets";
        for _ in 0..TRIES {
            let there = self.standing(at).await?;
            let (mut script, mut foreign) = (String::new(), false);
            for element in planned(plan)? {
                match there.get(&element) {
                    Some(own) if own.mark == plan.id.as_str() => delete(&mut script, &element),
                    Some(_) => foreign = true,
                    None => {}
                }
            }
            let done = if script.is_empty() { Ok(()) } else { self.kernel.commit(&script).await };
            match done {
                Ok(()) if foreign => return Err(ActError::conflict(at)),
                Ok(()) => return Ok(()),
                Err(NftError::Absent) => {} // the kernel took one out in between: look again
                Err(error) => return Err(told(error, at)),
            }
        }
        Err(ActError::transient(at))
    }
}

/// The elements that a request means; `None` when one of its addresses is none.
fn wanted(request: &Request) -> Option<Vec<Element>> {
    let host = address(request)?;
    Some(match request.action {
        Action::Block => vec![Element::blocked(host)],
        Action::Isolate => Element::isolated(host, &addresses(request, "permit")?),
        Action::EnforcePatternOfLife => Element::isolated(host, &addresses(request, "allow")?),
        _ => return None,
    })
}

fn planned(plan: &Plan) -> Result<Vec<Element>, ActError> {
    plan.undo.read(UNDO).map_err(|_| ActError::permanent("read the prior state"))
}

fn create(script: &mut String, element: &Element, seconds: u64, plan: &Plan) {
    let (set, text, id) = (&element.set, element.text(), &plan.id);
    // Writing to a text does not fail.
    let _ = writeln!(
        script,
        "create element inet homeostat {set} {{ {text} timeout {seconds}s comment \"{id}\" }}"
    );
}

fn delete(script: &mut String, element: &Element) {
    let _ = writeln!(script, "delete element inet homeostat {} {{ {} }}", element.set, element.text());
}

/// What a refused transaction means: nothing of it was done.
fn told(error: NftError, at: &'static str) -> ActError {
    match error {
        NftError::Exists => ActError::conflict(at),
        NftError::Absent => ActError::transient(at),
        NftError::Unknown => ActError::unknown(at),
        NftError::NoProgram | NftError::NotPermitted | NftError::Refused => ActError::permanent(at),
    }
}

fn system_time() -> Timestamp {
    let micros = SystemTime::now().duration_since(UNIX_EPOCH).map(|span| span.as_micros());
    micros
        .ok()
        .and_then(|micros| i64::try_from(micros).ok())
        .map_or(Timestamp::UNKNOWN, Timestamp::from_micros)
}
