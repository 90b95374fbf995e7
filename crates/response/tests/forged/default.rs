use homeostat_response::Permit;

fn main() {
    let _ = Permit::default();
}
