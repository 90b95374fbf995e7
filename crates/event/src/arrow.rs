//! Events of a class as columns of Apache Arrow: the schema alone, no arrays.

use crate::class::ClassUid;
use crate::table::{self, Body, Slot, Type};
use arrow_schema::{DataType, Field, Fields, Schema, TimeUnit};

/// The Arrow schema of the events of `class`, objects as structs down to `depth`; `None` for an unknown class.
///
/// Lists are Arrow lists of one element field, never repeated fields. What is open, any JSON or deeper than `depth`
/// is text that holds JSON. Only what OCSF requires without a profile is not null.
///
/// ```
/// use arrow_schema::DataType;
/// use homeostat_event::{ClassUid, arrow_schema_of};
///
/// let schema = arrow_schema_of(ClassUid::AUTHENTICATION, 2).unwrap();
/// assert!(!schema.field_with_name("class_uid")?.is_nullable());
/// assert_eq!(schema.field_with_name("unmapped")?.data_type(), &DataType::Utf8);
/// assert!(matches!(schema.field_with_name("user")?.data_type(), DataType::Struct(_)));
/// assert!(matches!(schema.field_with_name("auth_factors")?.data_type(), DataType::List(_)));
/// # Ok::<(), arrow_schema::ArrowError>(())
/// ```
pub fn arrow_schema_of(class: ClassUid, depth: usize) -> Option<Schema> {
    table::class(class.get()).map(|class| Schema::new(fields(&class.body, depth.max(1))))
}

fn fields(body: &Body, depth: usize) -> Fields {
    body.slots().map(|slot| field(slot, depth)).collect()
}

fn field(slot: &Slot, depth: usize) -> Field {
    let kind = kind(slot, depth);
    let kind = if slot.array { DataType::new_list(kind, true) } else { kind };
    Field::new(slot.name, kind, !(slot.required() && slot.profiles().is_empty()))
}

fn kind(slot: &Slot, depth: usize) -> DataType {
    match slot.kind() {
        Type::Integer if slot.is_time() => DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())),
        Type::Integer | Type::Port => DataType::Int64,
        Type::Float => DataType::Float64,
        Type::Flag => DataType::Boolean,
        Type::Object(body) if depth > 1 => DataType::Struct(fields(body, depth - 1)),
        Type::Text | Type::Formed(_) | Type::Any | Type::Open | Type::Object(_) => DataType::Utf8,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_has_a_schema_of_its_attributes() {
        for class in table::classes() {
            let schema = arrow_schema_of(class.uid.into(), 2).unwrap();
            assert_eq!(schema.fields().len(), class.body.slots().count(), "{}", class.name);
        }
        assert!(arrow_schema_of(777_777.into(), 2).is_none());
    }

    #[test]
    fn depth_ends_recursion_and_times_are_times() {
        let schema = arrow_schema_of(ClassUid::PROCESS_ACTIVITY, 3).unwrap();
        let inside = |kind: &DataType, name: &str| match kind {
            DataType::Struct(fields) => fields.find(name).map(|(_, field)| field.data_type().clone()),
            _ => None,
        };
        let process = schema.field_with_name("process").unwrap().data_type();
        let parent = inside(process, "parent_process").unwrap();
        assert_eq!(inside(&parent, "parent_process"), Some(DataType::Utf8));
        let start = inside(process, "created_time");
        assert_eq!(start, Some(DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into()))));
        assert_eq!(
            arrow_schema_of(ClassUid::PROCESS_ACTIVITY, 0),
            arrow_schema_of(ClassUid::PROCESS_ACTIVITY, 1)
        );
    }
}
