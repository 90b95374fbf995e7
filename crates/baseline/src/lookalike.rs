//! Does this domain name look like one that is the tenant's own, or usual there, without being it?
//!
//! A lure is one character away, looks the same, has another suffix, or carries the name beside other words or as
//! its own subdomain. How much that says is the chance that a name picked without intent comes so near: names
//! within reach of the known ones over all names of that length, at the entropy of a character after another in the
//! known names (Shannon, Bell Syst. Tech. J. 27, 1948, section 6). Short names so say nothing, and long ones much. Each trick is besides
//! no rarer between two names than it was among those that became usual here. O(known · length) a new name; about 100 bytes a
//! known name.

mod distance;
mod skeleton;

use crate::domain_name::DomainName;
use crate::score::trusted;
use distance::distance;
use homeostat_core::{Bits, SnapshotError, SnapshotReader, SnapshotWriter};
use skeleton::{shown, skeleton};

/// Slips that are looked for: the second is within reach only of long names.
const SLIPS: usize = 2;
/// A known label shorter than this is no mark inside of a longer one: `go`, `t`, `aol`. An own one is where it stands
/// between hyphens, as a word of its own.
const WORD: usize = 5;
/// Ways to write one character so that it looks the same: a digit, an accent, a letter of another script, a pair.
const FORMS: f64 = 4.0;
/// Bits of a character before any name is known: that of English letters one by one (Shannon, Bell Syst. Tech. J. 30,
/// 1951, section 2), since short names follow no grammar.
const ENTROPY: f64 = 4.0;
/// Characters told apart.
const ALPHABET: usize = 38;
/// Characters that this assumption weighs.
const PRIOR_CHARACTERS: f64 = 100.0;

const MAGIC: [u8; 4] = *b"HLKA";
const VERSION: u16 = 1;

/// How a name comes to look like another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Trick {
    /// It looks the same: digits, accents or letters of other scripts stand for letters.
    Confusable,
    /// It is so many slips of the finger away, 1 or 2.
    Slip(u8),
    /// The same label is registered below another suffix.
    OtherSuffix,
    /// The known label stands inside of a longer one, `example-login`.
    Inside,
    /// The whole known name stands left of the registered one, `example.com.other.net`.
    Subdomain,
}

impl Trick {
    /// Each kind of trick, numbered.
    const COUNT: usize = 6;

    fn number(self) -> usize {
        match self {
            Self::Confusable => 0,
            Self::Slip(1) => 1,
            Self::Slip(_) => 2,
            Self::OtherSuffix => 3,
            Self::Inside => 4,
            Self::Subdomain => 5,
        }
    }
}

/// What a name looks like.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Lookalike {
    /// How improbable it is that it comes so near without intent.
    pub bits: Bits,
    /// By which trick.
    pub trick: Trick,
    /// The registered name that it resembles.
    pub resembles: String,
    /// Whether that is the tenant's own, or only usual there.
    pub is_own: bool,
    /// Known names on which the judgement rests.
    pub support: u64,
}

impl core::fmt::Debug for Lookalike {
    /// Shows bits and trick, never a name.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Lookalike")
            .field("bits", &self.bits)
            .field("trick", &self.trick)
            .finish_non_exhaustive()
    }
}

/// The names that are a tenant's own or usual there.
///
/// Holds at most 4,096 names; beyond, the one seen least often goes, never an own one.
///
/// ```
/// use homeostat_baseline::{DomainName, Lookalikes, Trick};
///
/// let mut names = Lookalikes::default();
/// let of = |name| DomainName::new(name).unwrap();
/// names.own(of("contosobank.com"));
/// for usual in ["wikipedia.org", "debian.org", "rust-lang.org", "openstreetmap.org"] {
///     names.learn(of(usual));
/// }
/// assert!(names.check(of("www.debian.org")).is_none());
/// let lure = names.check(of("login.cont0sobank.com")).unwrap();
/// assert_eq!((lure.trick, lure.resembles.as_str(), lure.is_own), (Trick::Confusable, "contosobank.com", true));
/// ```
#[derive(Clone, PartialEq)]
pub struct Lookalikes {
    // INVARIANT: sorted by registered name, none twice, at most `MOST`.
    known: Vec<Known>,
    // How often each character came after each in known labels. INVARIANT: `ALPHABET` squared.
    pairs: Vec<u32>,
    // Names that became known, the pairs of names compared for it, and those among them that looked alike by each
    // trick.
    learnt: u64,
    compared: u64,
    honest: [u32; Trick::COUNT],
}

#[derive(Clone, PartialEq)]
struct Known {
    registered: String,
    // As shown: small letters, decoded.
    label: String,
    skeleton: String,
    mask: u64,
    is_own: bool,
    seen: u32,
}

impl Default for Lookalikes {
    fn default() -> Self {
        Self {
            known: Vec::new(),
            pairs: vec![0; ALPHABET * ALPHABET],
            learnt: 0,
            compared: 0,
            honest: [0; Trick::COUNT],
        }
    }
}

impl core::fmt::Debug for Lookalikes {
    /// Shows a count, never a name.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Lookalikes({} names)", self.known.len())
    }
}

impl Lookalikes {
    /// The most names kept.
    pub const MOST: usize = 4_096;

    /// Declares a name as the tenant's own.
    pub fn own(&mut self, name: DomainName<'_>) {
        self.add(name, true);
    }

    /// Learns that a name is usual; only names that were found harmless belong here, such as those in use for weeks.
    pub fn learn(&mut self, name: DomainName<'_>) {
        self.add(name, false);
    }

    /// Whether the registered name is known.
    pub fn knows(&self, name: DomainName<'_>) -> bool {
        self.place(&small(name.registered())).is_ok()
    }

    /// The known name that `name` resembles most improbably; `None` for a known name and for one that is like none.
    pub fn check(&self, name: DomainName<'_>) -> Option<Lookalike> {
        if self.knows(name) {
            return None;
        }
        let candidate = Known::new(name, false);
        let below = small(name.below());
        let found = self.known.iter().filter_map(|known| {
            let trick = candidate.trick(known, &below)?;
            let p = self.chance(known, &candidate, trick);
            Some((p, trick, known))
        });
        let (p, trick, known) = found.min_by(|a, b| a.0.total_cmp(&b.0))?;
        let bits = Bits::of_probability(trusted(p, self.learnt as f64));
        let resembles = known.registered.clone();
        Some(Lookalike { bits, trick, resembles, is_own: known.is_own, support: self.learnt })
    }

    /// The chance that a name picked without intent comes as near to a known one as `candidate` does.
    fn chance(&self, known: &Known, candidate: &Known, trick: Trick) -> f64 {
        let (length, entropy) = (known.label.chars().count() as f64, self.entropy());
        let (longer, alphabet) = (candidate.label.chars().count() as f64, libm::exp2(entropy));
        let one_slip = (length + 1.0) * (2.0 * alphabet + 1.0);
        let within = match trick {
            Trick::Confusable => length * FORMS,
            Trick::Slip(1) => one_slip,
            Trick::Slip(_) => 0.5 * one_slip * one_slip,
            Trick::OtherSuffix | Trick::Subdomain => 1.0,
            Trick::Inside => (longer - length + 1.0).max(1.0),
        };
        // Own names are few, and what comes near to one of few is the less likely chance.
        let among = self.known.iter().filter(|other| !known.is_own || other.is_own).count() as f64;
        let chance = within * libm::exp2(-length * entropy);
        let honest = self.honest.get(trick.number()).copied().unwrap_or(0);
        (among * chance.max(f64::from(honest) / (self.compared as f64 + 1.0))).min(1.0)
    }

    /// Bits of one character after another in the known labels; too few where little is known, so that little is told.
    fn entropy(&self) -> f64 {
        let total: f64 = self.pairs.iter().map(|count| f64::from(*count)).sum();
        let surprise =
            |count: f64, all: f64| if count > 0.0 { -count * libm::log2(count / all) } else { 0.0 };
        let after = self.pairs.chunks(ALPHABET).map(|row| {
            let all: f64 = row.iter().map(|count| f64::from(*count)).sum();
            row.iter().map(|count| surprise(f64::from(*count), all)).sum::<f64>()
        });
        (after.sum::<f64>() + PRIOR_CHARACTERS * ENTROPY) / (total + PRIOR_CHARACTERS)
    }

    fn add(&mut self, name: DomainName<'_>, is_own: bool) {
        let registered = small(name.registered());
        if let Ok(at) = self.place(&registered) {
            if let Some(known) = self.known.get_mut(at) {
                known.seen = known.seen.saturating_add(1);
                known.is_own |= is_own;
            }
            return;
        }
        if let Some(lookalike) = self.check(name).filter(|_| !is_own)
            && let Some(count) = self.honest.get_mut(lookalike.trick.number())
        {
            *count = count.saturating_add(1);
        }
        self.learnt = self.learnt.saturating_add(1);
        self.compared = self.compared.saturating_add(self.known.len() as u64);
        let known = Known::new(name, is_own);
        for (before, letter) in known.label.chars().zip(known.label.chars().skip(1)) {
            if let Some(count) = self.pairs.get_mut(letter_number(before) * ALPHABET + letter_number(letter))
            {
                *count = count.saturating_add(1);
            }
        }
        if self.known.len() >= Self::MOST && !self.drop_least() {
            return;
        }
        if let Err(at) = self.place(&registered) {
            self.known.insert(at, known);
        }
    }

    /// Lets the usual name seen least often go; `false` when all are own.
    fn drop_least(&mut self) -> bool {
        let usual = self.known.iter().enumerate().filter(|(_, known)| !known.is_own);
        let least = usual.min_by_key(|(_, known)| known.seen).map(|(at, _)| at);
        least.is_some_and(|at| {
            self.known.remove(at);
            true
        })
    }

    fn place(&self, registered: &str) -> Result<usize, usize> {
        self.known.binary_search_by(|known| known.registered.as_str().cmp(registered))
    }

    /// The names as versioned bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = SnapshotWriter::new(MAGIC, VERSION);
        out.len(self.known.len());
        for known in &self.known {
            out.text(&known.registered);
            out.len(known.registered.len() - known.suffix_at());
            out.u8(u8::from(known.is_own));
            out.u32(known.seen);
        }
        let pairs = (0_u32..).zip(&self.pairs).filter(|(_, count)| **count > 0);
        out.len(pairs.clone().count());
        for (at, count) in pairs {
            out.u32(at);
            out.u32(*count);
        }
        self.honest.iter().for_each(|count| out.u32(*count));
        out.u64(self.learnt);
        out.u64(self.compared);
        out.finish()
    }

    /// The names that gave `bytes`.
    ///
    /// # Errors
    ///
    /// [`SnapshotError`] when the bytes are no whole snapshot of a known version, or break an invariant.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SnapshotError> {
        const INVALID: SnapshotError = SnapshotError::Invalid { field: "lookalikes" };
        let mut fields = SnapshotReader::open(bytes, MAGIC, VERSION..=VERSION)?;
        let mut read = Self::default();
        for _ in 0..fields.len(21)? {
            let registered = fields.text()?;
            let suffix = usize::try_from(fields.u64()?).map_err(|_| INVALID)?;
            let at = registered.len().checked_sub(suffix).ok_or(INVALID)?;
            let suffix = registered.get(at..).ok_or(INVALID)?;
            let name = DomainName::with_suffix(&registered, suffix).ok_or(INVALID)?;
            let whole = name.registered() == registered && small(&registered) == registered;
            let mut known = Known::new(name, fields.u8()? == 1);
            known.seen = fields.u32()?;
            let after = read.known.last().is_none_or(|last| last.registered < known.registered);
            if !whole || !after {
                return Err(INVALID);
            }
            read.known.push(known);
        }
        for _ in 0..fields.len(8)? {
            let at = usize::try_from(fields.u32()?).map_err(|_| INVALID)?;
            *read.pairs.get_mut(at).ok_or(INVALID)? = fields.u32()?;
        }
        for count in &mut read.honest {
            *count = fields.u32()?;
        }
        read.learnt = fields.u64()?;
        read.compared = fields.u64()?;
        fields.finish()?;
        if read.known.len() <= Self::MOST { Ok(read) } else { Err(INVALID) }
    }
}

/// The text in small letters, letter by letter: what a letter becomes must not depend on those beside it, as that of a
/// final sigma does, or a label by itself would differ from the same label in a name.
fn small(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).collect()
}

impl Known {
    fn new(name: DomainName<'_>, is_own: bool) -> Self {
        let label = shown(name.label());
        let skeleton = skeleton(&label);
        let mask = label.chars().fold(0, |mask, letter| mask | 1 << letter_number(letter));
        Self { registered: small(name.registered()), label, skeleton, mask, is_own, seen: 1 }
    }

    fn suffix_at(&self) -> usize {
        self.registered.find('.').map_or(0, |dot| dot + 1)
    }

    /// How this name, with labels `below` it, looks like `known`; the first trick that explains it.
    fn trick(&self, known: &Self, below: &str) -> Option<Trick> {
        if self.label == known.label {
            return Some(Trick::OtherSuffix);
        }
        if self.skeleton == known.skeleton {
            return Some(Trick::Confusable);
        }
        // A slip changes which characters occur by at most two.
        let other = (self.mask ^ known.mask).count_ones() as usize;
        let slips = if other > 2 * SLIPS {
            None
        } else {
            distance(self.skeleton.as_bytes(), known.skeleton.as_bytes(), SLIPS)
        };
        if let Some(slips) = slips {
            return u8::try_from(slips).ok().map(Trick::Slip);
        }
        let word = known.is_own && self.label.split('-').any(|word| word == known.label);
        if word || known.skeleton.len() >= WORD && self.skeleton.contains(&known.skeleton) {
            return Some(Trick::Inside);
        }
        let carried = below.strip_suffix(&known.registered)?;
        (carried.is_empty() || carried.ends_with('.')).then_some(Trick::Subdomain)
    }
}

/// Letters, digits, the hyphen, and all else.
fn letter_number(letter: char) -> usize {
    match letter {
        'a'..='z' => usize::from(letter as u8 - b'a'),
        '0'..='9' => usize::from(letter as u8 - b'0') + 26,
        '-' => 36,
        _ => 37,
    }
}

#[cfg(test)]
mod tests;
