//! The validator's table, made of the compiled OCSF schema.
//!
//! Taken are names, numbers, captions of enum values, types, requirements and constraints; no description text.

use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Scalar types, in the order of `table::Type`.
const TYPES: [&str; 24] = [
    "string_t",
    "integer_t",
    "long_t",
    "float_t",
    "boolean_t",
    "json_t",
    "timestamp_t",
    "datetime_t",
    "ip_t",
    "email_t",
    "mac_t",
    "port_t",
    "uuid_t",
    "subnet_t",
    "bytestring_t",
    "hostname_t",
    "url_t",
    "file_hash_t",
    "file_name_t",
    "file_path_t",
    "process_name_t",
    "resource_uid_t",
    "username_t",
    "reg_key_path_t",
];

/// Rows in order of first use, each once.
#[derive(Default)]
struct Rows {
    numbers: BTreeMap<String, usize>,
    rows: Vec<String>,
}

impl Rows {
    fn number(&mut self, row: String) -> usize {
        let next = self.rows.len();
        *self.numbers.entry(row.clone()).or_insert_with(|| {
            self.rows.push(row);
            next
        })
    }
}

#[derive(Default)]
struct Table {
    objects: Vec<String>,
    enums: Rows,
    profiles: Rows,
    slots: Rows,
}

impl Table {
    fn profile(&mut self, slot: &Value) -> usize {
        let names = list(&slot["profiles"]).iter().map(quoted).collect::<Vec<_>>();
        self.profiles.number(format!("&[{}]", names.join(", ")))
    }

    /// Class and type numbers are checked by rule, so their one-value enums are left out.
    fn enumeration(&mut self, name: &str, slot: &Value) -> usize {
        let values = match slot["enum"].as_object() {
            Some(values) if !["class_uid", "type_uid"].contains(&name) => values,
            _ => return 0,
        };
        let mut rows: Vec<(i64, String)> = Vec::new();
        for (value, told) in values {
            let row = format!(
                "({}, {}, {})",
                quoted(&value.clone().into()),
                quoted(&told["caption"]),
                told.get("@deprecated").is_some()
            );
            rows.push((value.parse().unwrap_or(0), row));
        }
        rows.sort();
        let rows: Vec<_> = rows.into_iter().map(|(_, row)| row).collect();
        self.enums.number(format!("&[{}]", rows.join(", ")))
    }

    fn slot(&mut self, name: &str, slot: &Value) -> Result<usize, String> {
        let kind = match slot["object_type"].as_str() {
            Some(object) => 100 + self.objects.iter().position(|known| known == object).ok_or(object)?,
            None => TYPES.iter().position(|known| slot["type"] == **known).ok_or(slot["type"].to_string())?,
        };
        let need = match slot["requirement"].as_str() {
            Some("required") => 2,
            Some("recommended") => 1,
            _ => 0,
        };
        let (profile, values) = (self.profile(slot), self.enumeration(name, slot));
        let sibling = slot["sibling"].as_str().unwrap_or_default();
        Ok(self.slots.number(format!(
            "Slot {{ name: {name:?}, kind: {kind}, array: {}, need: {need}, profile: {profile}, values: {values}, sibling: {sibling:?}, deprecated: {} }}",
            slot["is_array"] == true,
            slot.get("@deprecated").is_some(),
        )))
    }

    fn body(&mut self, holder: &Value) -> Result<String, String> {
        let mut slots = Vec::new();
        for (name, slot) in holder["attributes"].as_object().into_iter().flatten() {
            slots.push((name.clone(), self.slot(name, slot)?));
        }
        slots.sort();
        let slots = slots.iter().map(|(_, number)| number.to_string()).collect::<Vec<_>>().join(", ");
        let [any, one] = ["at_least_one", "just_one"].map(|rule| {
            let names = list(holder["constraints"].get(rule).unwrap_or(&Value::Null));
            names.iter().map(quoted).collect::<Vec<_>>().join(", ")
        });
        let deprecated = holder.get("@deprecated").is_some();
        Ok(format!("slots: &[{slots}], any_of: &[{any}], one_of: &[{one}], deprecated: {deprecated}"))
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn quoted(value: &Value) -> String {
    format!("{:?}", value.as_str().unwrap_or_default())
}

/// The table as Rust source.
///
/// # Errors
///
/// The name of a type or object that the schema uses and does not define.
pub(crate) fn table(schema: &Value) -> Result<String, String> {
    // Whether a map is kept in order or as it came depends on what else is built; the table does not.
    let mut sorted = schema.clone();
    sorted.sort_all_objects();
    let schema = &sorted;
    let mut table = Table {
        objects: schema["objects"].as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect(),
        ..Table::default()
    };
    table.enums.number("&[]".to_owned());
    table.profiles.number("&[]".to_owned());
    let mut classes = BTreeMap::new();
    for (name, class) in schema["classes"].as_object().into_iter().flatten() {
        let (uid, category) =
            (class["uid"].as_u64().unwrap_or(0), class["category_uid"].as_u64().unwrap_or(0));
        let row = format!(
            "Class {{ uid: {uid}, name: {name:?}, caption: {}, category: {category}, body: Body {{ {} }} }}",
            quoted(&class["caption"]),
            table.body(class)?
        );
        classes.insert(uid, row);
    }
    let mut objects = Vec::new();
    for (name, object) in schema["objects"].as_object().into_iter().flatten() {
        objects.push(format!("({name:?}, Body {{ {} }})", table.body(object)?));
    }
    let mut out = format!(
        "//! Made by `cargo run -p xtask -- schema-table` from the compiled OCSF schema {} (Apache-2.0). Do not edit.\n\nuse super::{{Body, Class, Slot}};\n\n",
        schema["version"].as_str().unwrap_or_default()
    );
    let classes: Vec<_> = classes.into_values().collect();
    for (name, kind, rows) in [
        ("CLASSES", "Class", &classes),
        ("OBJECTS", "(&str, Body)", &objects),
        ("SLOTS", "Slot", &table.slots.rows),
        ("PROFILES", "&[&str]", &table.profiles.rows),
        ("ENUMS", "&[(&str, &str, bool)]", &table.enums.rows),
    ] {
        let _ = write!(
            out,
            "pub(super) static {name}: [{kind}; {}] = [\n    {},\n];\n\n",
            rows.len(),
            rows.join(",\n    ")
        );
    }
    Ok(out.trim_end().to_owned() + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_becomes_rows() {
        let schema = serde_json::json!({
            "version": "1.8.0",
            "classes": {"thing_activity": {"uid": 9001, "caption": "Thing", "category_uid": 9,
                "constraints": {"at_least_one": ["a", "b.c"]}, "attributes": {
                    "b": {"type": "object_t", "object_type": "thing", "requirement": "required", "profiles": ["host"]},
                    "a": {"type": "port_t", "is_array": true, "description": "never taken over",
                        "enum": {"1": {"caption": "One"}, "0": {"caption": "None", "@deprecated": {}}}}}}},
            "objects": {"thing": {"attributes": {}}},
        });
        let table = table(&schema).unwrap();
        for row in [
            r#"Class { uid: 9001, name: "thing_activity", caption: "Thing", category: 9, body: Body { slots: &[0, 1], any_of: &["a", "b.c"], one_of: &[], deprecated: false } }"#,
            r#"Slot { name: "a", kind: 11, array: true, need: 0, profile: 0, values: 1, sibling: "", deprecated: false }"#,
            r#"Slot { name: "b", kind: 100, array: false, need: 2, profile: 1, values: 0, sibling: "", deprecated: false }"#,
            r#"&[("0", "None", true), ("1", "One", false)]"#,
        ] {
            assert!(table.contains(row), "{row} in {table}");
        }
        assert!(!table.contains("never taken over"));
        let unknown = serde_json::json!({"classes": {"x": {"attributes": {"a": {"type": "odd_t"}}}}});
        assert_eq!(super::table(&unknown).unwrap_err(), "\"odd_t\"");
    }

    /// Needs the schema; its folder is told by `HOMEOSTAT_CORPUS`.
    #[test]
    fn the_committed_table_is_the_schemas() {
        let Some(corpus) = std::env::var_os("HOMEOSTAT_CORPUS") else {
            println!("skipped: HOMEOSTAT_CORPUS is not set");
            return;
        };
        let schema = std::path::Path::new(&corpus).join("ocsf/schema_v1.8.0.json.gz");
        let made = table(&crate::read(&schema).unwrap()).unwrap();
        let committed = std::fs::read_to_string(crate::table_file()).unwrap();
        assert!(made == committed, "run `cargo run -p xtask -- schema-table SCHEMA`");
    }
}
