//! Reads members of a record in the forms that attributes want, so that a mapper says in one line what goes where.
//!
//! What is told exactly is taken; what an attribute shows in another form is copied and stays in `unmapped` too.

use crate::moment;
use crate::record::Field;
use homeostat_core::Timestamp;
use homeostat_event::Str;
use std::borrow::Cow;

impl<'a> Field<'a> {
    /// The member `inner` of the member `outer`, also where a writer made one name of both with a dot or an
    /// underscore between them. O(members).
    pub(crate) fn part(&self, outer: &str, inner: &str) -> Option<Self> {
        if let Some(found) = self.member(outer).and_then(|outer| outer.member(inner)) {
            return Some(found);
        }
        let joined = |name: &str| {
            let rest = name
                .get(outer.len()..)
                .filter(|_| name.get(..outer.len()).is_some_and(|start| start.eq_ignore_ascii_case(outer)));
            rest.and_then(|rest| rest.strip_prefix(['.', '_']))
                .is_some_and(|rest| rest.eq_ignore_ascii_case(inner))
        };
        let length = outer.len() + inner.len() + 1;
        self.children().find(|child| child.raw_name().len() == length && joined(child.raw_name()))
    }

    /// Takes the text of the member `name`.
    pub(crate) fn take_at(&self, name: &str) -> Option<Cow<'a, str>> {
        self.member(name)?.take()
    }

    /// Reads the text of the member `name` without using it up.
    pub(crate) fn look_at(&self, name: &str) -> Option<Cow<'a, str>> {
        self.member(name)?.look()
    }

    /// Takes the member `name` as a whole number.
    pub(crate) fn whole_at<T: TryFrom<i64>>(&self, name: &str) -> Option<T> {
        self.member(name)?.take_number()
    }

    /// Takes this as a whole number; a spelling of it that no number has is copied.
    pub(crate) fn take_number<T: TryFrom<i64>>(&self) -> Option<T> {
        let text = self.look()?;
        let number: i64 = text.parse().ok().or_else(|| {
            let (whole, zeros) = text.split_once('.')?;
            whole.parse().ok().filter(|_| zeros.bytes().all(|byte| byte == b'0'))
        })?;
        let told = T::try_from(number).ok()?;
        if is_plain(&text) {
            self.take();
        } else {
            self.copy();
        }
        Some(told)
    }

    /// Reads the member `name` as a truth value without using it up.
    pub(crate) fn truth_at(&self, name: &str) -> Option<bool> {
        match &*self.look_at(name)? {
            "true" | "T" => Some(true),
            "false" | "F" => Some(false),
            _ => None,
        }
    }

    /// Takes the texts of the member `name`: of an array its elements, else the scalar.
    pub(crate) fn texts_at(&self, name: &str) -> Vec<Str> {
        self.member(name).map(|list| list.texts()).unwrap_or_default()
    }

    /// Takes the texts of this array, or the one of this scalar.
    pub(crate) fn texts(&self) -> Vec<Str> {
        if self.is_array() {
            self.children().filter_map(|element| element.take()).map(Str::from).collect()
        } else {
            self.take().map(Str::from).into_iter().collect()
        }
    }

    /// The first element of an array, else this.
    pub(crate) fn first(&self) -> Option<Self> {
        if self.is_array() { self.children().next() } else { Some(*self) }
    }

    /// Reads the member `name`, decimal seconds, as whole milliseconds.
    pub(crate) fn millis_at(&self, name: &str) -> Option<i64> {
        let field = self.member(name)?;
        let millis = millis(&field.look()?)?;
        field.copy();
        Some(millis)
    }

    /// Reads this as a moment.
    pub(crate) fn moment(&self) -> Option<Timestamp> {
        let moment = moment::read(&self.look()?)?;
        self.copy();
        Some(moment)
    }
}

/// Whether a whole number is spelled as JSON spells it.
pub(crate) fn is_plain(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.starts_with('+')
        && digits.bytes().all(|byte| byte != b'.')
        && (digits == "0" || !digits.starts_with('0'))
        && text != "-0"
}

/// Decimal seconds as whole milliseconds, what is below cut.
pub(crate) fn millis(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = fraction.bytes().chain(core::iter::repeat(b'0')).take(3);
    let sound = fraction.bytes().all(|byte| byte.is_ascii_digit());
    let part = digits.fold(0, |sum, digit| sum * 10 + i64::from(digit.wrapping_sub(b'0')));
    let whole = whole.parse::<i64>().ok().filter(|whole| sound && *whole >= 0)?;
    whole.checked_mul(1_000)?.checked_add(part)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Record;
    use crate::tape::Tape;

    /// What is left of `text` after `read`.
    fn left(text: &str, read: impl FnOnce(Field<'_>)) -> String {
        let mut tape = Tape::default();
        tape.parse(text.as_bytes(), 16).unwrap();
        let record = Record::new(text, &tape);
        read(record.root());
        let mut left = String::new();
        record.root().write_leftovers(&mut left);
        left
    }

    #[test]
    fn parts_are_found_in_every_spelling() {
        for text in [r#"{"id":{"orig_h":1}}"#, r#"{"id.orig_h":1}"#, r#"{"x":0,"id_orig_h":1}"#] {
            left(text, |root| assert_eq!(root.part("id", "orig_h").unwrap().look().unwrap(), "1", "{text}"));
        }
        left(r#"{"idXorig_h":1,"id":2}"#, |root| assert!(root.part("id", "orig_h").is_none()));
    }

    #[test]
    fn numbers_are_taken_only_as_they_are_written() {
        for (text, number, remains) in [
            (r#"{"n":7}"#, Some(7), ""),
            (r#"{"n":"443"}"#, Some(443), ""),
            (r#"{"n":"0443"}"#, Some(443), r#"{"n":"0443"}"#),
            (r#"{"n":"+7"}"#, Some(7), r#"{"n":"+7"}"#),
            (r#"{"n":7.0}"#, Some(7), r#"{"n":7.0}"#),
            (r#"{"n":7.5}"#, None, r#"{"n":7.5}"#),
            (r#"{"n":70000}"#, None, r#"{"n":70000}"#),
        ] {
            let mut found = None;
            assert_eq!(left(text, |root| found = root.whole_at::<i16>("n")), remains, "{text}");
            assert_eq!(found, number.map(|number: i32| i16::try_from(number).unwrap()), "{text}");
        }
    }

    #[test]
    fn seconds_become_milliseconds() {
        for (text, expected) in
            [("1.25", Some(1_250)), ("0.00001", Some(0)), ("3", Some(3_000)), ("-1", None), ("1e3", None)]
        {
            assert_eq!(millis(text), expected, "{text}");
        }
    }
}
