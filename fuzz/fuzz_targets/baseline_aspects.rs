//! Hostile names, times, things and snapshots: nothing panics, every figure is sound, bytes are the state.
#![no_main]

use homeostat_baseline::{
    Breadth, DnsAnswer, DnsProfile, DnsQuery, DomainName, Lookalikes, Upload, Uploads, ai_service,
};
use homeostat_core::Timestamp;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    drop(Breadth::from_bytes(bytes));
    drop(DnsProfile::from_bytes(bytes));
    drop(Lookalikes::from_bytes(bytes));
    drop(Uploads::from_bytes(bytes));
    let text = String::from_utf8_lossy(bytes);
    let (mut client, mut group) = (DnsProfile::new(1), DnsProfile::new(1));
    let (mut person, mut team) = (Uploads::new(2), Uploads::new(2));
    let (mut breadth, mut peers) = (Breadth::default(), Breadth::default());
    let mut names = Lookalikes::default();
    let mut time = 0_i64;
    for line in text.lines() {
        let number = line.bytes().fold(0_u64, |sum, byte| sum.rotate_left(7) ^ u64::from(byte));
        time = time.wrapping_add((number >> 20).cast_signed());
        let moment = Timestamp::from_micros(time);
        let told = breadth.observe(moment, number, Some(&mut peers));
        assert!(told.bits.get().is_finite() && told.new_things >= 0.0);
        let told =
            person.observe(&Upload::new(moment, ai_service(line).unwrap_or(line), number), Some(&mut team));
        assert!(told.bits.get().is_finite());
        let Some(name) = DomainName::new(line) else { continue };
        let answer = if number.is_multiple_of(2) { DnsAnswer::Found } else { DnsAnswer::Missing };
        let told = client.observe(&DnsQuery::new(moment, name, answer), Some(&mut group));
        assert!(told.bits.get().is_finite() && told.octets >= 0.0);
        let known = names.knows(name);
        assert!(!(known && names.check(name).is_some()));
        if number.is_multiple_of(3) { names.own(name) } else { names.learn(name) }
    }
    assert!(Breadth::from_bytes(&breadth.to_bytes()).is_ok_and(|read| read == breadth));
    assert!(DnsProfile::from_bytes(&client.to_bytes()).is_ok_and(|read| read == client));
    assert!(DnsProfile::from_bytes(&group.to_bytes()).is_ok_and(|read| read == group));
    assert!(Uploads::from_bytes(&person.to_bytes()).is_ok_and(|read| read == person));
    assert!(Lookalikes::from_bytes(&names.to_bytes()).is_ok_and(|read| read == names));
});
