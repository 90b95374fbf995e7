use homeostat_response::Permit;

fn main() {
    let _: Permit = serde_json::from_str("{}").unwrap();
}
