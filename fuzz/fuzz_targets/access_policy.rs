//! Policy documents and patterns from outside: none may panic or take long, and a denial is never lost.
#![no_main]

use homeostat_access::{
    ArnPattern, Context, Glob, ListOf, Policy, Principal, PublicAccessBlock, Request, Subject,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let (first, second) =
        text.split_at(text.char_indices().nth(text.chars().count() / 2).map_or(0, |(at, _)| at));
    let (one, two) = (Glob::new(first), Glob::new(second));
    if one.covers(&two) && two.matches(second) {
        assert!(one.matches(second) || second.contains(['*', '?']));
    }
    let _ = (one.overlaps(&two), ArnPattern::new(first).overlaps(&ArnPattern::new(second)));
    let block = PublicAccessBlock::parse("fuzz", &text).unwrap_or_default();
    if let Ok(list) =
        Policy::of_access_list("fuzz", &text, (ListOf::Bucket, "arn:aws:s3:::data"), PublicAccessBlock::ALL)
    {
        assert!(!list.is_public());
    }
    if let Ok(grant) = Policy::of_key_grant("fuzz", &text) {
        assert!(!grant.denies_anything());
    }
    let Ok(policy) = Policy::parse("fuzz", &text) else { return };
    let _ = block.refuses(&policy);
    let subject = Subject::new(Principal::aws("arn:aws:iam::111122223333:user/jane")).with(policy.clone());
    for context in [Context::strict(), Context::symbolic()] {
        for request in [
            Request::new("s3:GetObject", "arn:aws:s3:::data/x", &context),
            Request::on_some("iam:PassRole", "arn:aws:iam::111122223333:role/*", &context),
            Request::on_all("iam:PutUserPolicy", &context),
        ] {
            let answer = subject.decide(&request);
            assert!(policy.len() > 0 || !answer.decision.is_possible());
        }
    }
});
