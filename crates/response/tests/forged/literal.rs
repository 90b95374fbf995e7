use homeostat_core::Timestamp;
use homeostat_response::{ActionId, Permit};

fn main() {
    let action = ActionId::derive(&["forged"]);
    let _ = Permit { action, expires_at: Timestamp::NEVER, ttl: None, attempt: 1, epoch: 1 };
}
