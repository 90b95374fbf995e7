//! How the states of this crate write what several of them hold: lists, flags, and the small types of core.
//!
//! Sorted containers are written in their order, so that equal states give equal bytes.

use core::fmt::Display;
use core::str::FromStr;
use homeostat_core::{
    Bits, Domain, EventRef, Occurrence, SnapshotError, SnapshotReader, SnapshotWriter, TenantId, Timestamp,
};

type Read<T> = Result<T, SnapshotError>;

/// Writes how many `items` there are, and each by `write`.
pub(crate) fn put_all<T>(
    out: &mut SnapshotWriter,
    items: impl ExactSizeIterator<Item = T>,
    mut write: impl FnMut(&mut SnapshotWriter, T),
) {
    out.len(items.len());
    items.for_each(|item| write(out, item));
}

/// Reads what [`put_all`] wrote; each item takes at least `least` bytes.
pub(crate) fn all<'a, T, C: FromIterator<T>>(
    fields: &mut SnapshotReader<'a>,
    least: usize,
    mut read: impl FnMut(&mut SnapshotReader<'a>) -> Read<T>,
) -> Read<C> {
    (0..fields.len(least)?).map(|_| read(fields)).collect()
}

/// Writes whether something holds.
pub(crate) fn put_flag(out: &mut SnapshotWriter, holds: bool) {
    out.u8(u8::from(holds));
}

pub(crate) fn flag(fields: &mut SnapshotReader<'_>) -> Read<bool> {
    match fields.u8()? {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(SnapshotError::Invalid { field: "flag" }),
    }
}

/// Writes whether there is `value`, and it by `write`.
pub(crate) fn put_maybe<T>(
    out: &mut SnapshotWriter,
    value: Option<T>,
    write: impl FnOnce(&mut SnapshotWriter, T),
) {
    put_flag(out, value.is_some());
    if let Some(value) = value {
        write(out, value);
    }
}

pub(crate) fn maybe<'a, T>(
    fields: &mut SnapshotReader<'a>,
    read: impl FnOnce(&mut SnapshotReader<'a>) -> Read<T>,
) -> Read<Option<T>> {
    if flag(fields)? { read(fields).map(Some) } else { Ok(None) }
}

/// Reads something written by its text.
pub(crate) fn parsed<T: FromStr>(fields: &mut SnapshotReader<'_>, field: &'static str) -> Read<T> {
    fields.text()?.parse().map_err(|_| SnapshotError::Invalid { field })
}

/// Writes something by its text.
pub(crate) fn put_shown(out: &mut SnapshotWriter, value: &impl Display) {
    out.text(&value.to_string());
}

/// Writes one of `all` by its number there.
pub(crate) fn put_one_of<T: PartialEq>(out: &mut SnapshotWriter, all: &[T], one: &T) {
    // All lists are far shorter, so that the last number stands for nothing.
    out.u8(all.iter().position(|own| own == one).and_then(|at| u8::try_from(at).ok()).unwrap_or(u8::MAX));
}

pub(crate) fn one_of<T: Copy>(fields: &mut SnapshotReader<'_>, all: &[T]) -> Read<T> {
    all.get(usize::from(fields.u8()?)).copied().ok_or(SnapshotError::Invalid { field: "number" })
}

pub(crate) fn put_bits(out: &mut SnapshotWriter, bits: Bits) {
    out.f64(bits.get());
}

pub(crate) fn bits(fields: &mut SnapshotReader<'_>) -> Read<Bits> {
    let read = fields.f64()?;
    Some(Bits::new(read))
        .filter(|bits| bits.get().to_bits() == read.to_bits())
        .ok_or(SnapshotError::Invalid { field: "bits" })
}

pub(crate) fn tenant(fields: &mut SnapshotReader<'_>) -> Read<TenantId> {
    TenantId::new(&fields.text()?).map_err(|_| SnapshotError::Invalid { field: "tenant" })
}

pub(crate) fn event(fields: &mut SnapshotReader<'_>) -> Read<EventRef> {
    EventRef::parse(&fields.text()?).map_err(|_| SnapshotError::Invalid { field: "event" })
}

pub(crate) fn put_occurrence(out: &mut SnapshotWriter, one: &Occurrence) {
    out.text(one.tenant.as_str());
    out.text(one.event.as_str());
    out.time(one.time);
    put_one_of(out, &Domain::ALL, &one.domain);
}

pub(crate) fn occurrence(fields: &mut SnapshotReader<'_>) -> Read<Occurrence> {
    let (tenant, event, time): (_, _, Timestamp) = (tenant(fields)?, event(fields)?, fields.time()?);
    Ok(Occurrence { tenant, event, time, domain: one_of(fields, &Domain::ALL)? })
}
