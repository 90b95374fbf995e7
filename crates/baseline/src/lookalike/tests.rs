//! Laws and stories of look-alike names, on names made up or generated.

use super::*;
use proptest::prelude::*;

fn of(name: &str) -> DomainName<'_> {
    DomainName::new(name).unwrap()
}

/// A name of syllables, as people make them up.
fn made_up(seed: u64) -> String {
    let (consonants, vowels) = (b"bcdfghklmnprstvw", b"aeiou");
    let mut label = String::new();
    for at in 0..3 + seed % 3 {
        let draw = crate::seed::both(seed, at);
        label.push(char::from(consonants[usize::try_from(draw % 16).unwrap()]));
        label.push(char::from(vowels[usize::try_from(draw / 16 % 5).unwrap()]));
    }
    label + if seed.is_multiple_of(3) { ".org" } else { ".com" }
}

fn tenant() -> Lookalikes {
    let mut names = Lookalikes::default();
    names.own(of("contosobank.com"));
    for seed in 0..400 {
        names.learn(of(&made_up(seed)));
    }
    names
}

#[test]
fn each_trick_is_told_with_the_name_it_resembles() {
    let names = tenant();
    for (lure, trick) in [
        ("c0ntosobank.com", Trick::Confusable),
        ("xn--contosobnk-z4a.com", Trick::Confusable),
        ("contosobnak.com", Trick::Slip(1)),
        ("contsobamk.com", Trick::Slip(2)),
        ("contosobank.net", Trick::OtherSuffix),
        ("contosobank-login.com", Trick::Inside),
        ("www.contosobank.com.secure.example", Trick::Subdomain),
    ] {
        let told = names.check(of(lure)).unwrap();
        assert_eq!(
            (told.trick, told.resembles.as_str(), told.is_own),
            (trick, "contosobank.com", true),
            "{lure}"
        );
        assert!(told.bits.get() > 8.0, "{lure}: {told:?}");
    }
}

#[test]
fn ordinary_new_names_stay_inside_the_budget() {
    let names = tenant();
    let told = (10_000..12_000)
        .filter(|seed| names.check(of(&made_up(*seed))).is_some_and(|told| told.bits.get() >= 10.0))
        .count();
    // 10 bits promise one in a thousand.
    assert!(told <= 6, "{told} of 2000");
}

#[test]
fn short_names_say_nothing() {
    let mut names = tenant();
    names.own(of("abc.com"));
    assert!(names.check(of("abd.com")).is_none_or(|told| told.bits.get() < 8.0));
}

#[test]
fn a_trick_that_is_usual_here_is_no_news() {
    let mut names = tenant();
    let asked = made_up(2).replace(".com", ".info");
    let before = names.check(of(&asked)).unwrap().bits;
    for seed in 0..200 {
        names.learn(of(&made_up(seed).replace(".org", ".net").replace(".com", ".net")));
    }
    let after = names.check(of(&asked)).unwrap().bits;
    assert!(before.get() > 4.0 && after.get() < 3.0, "{before:?} {after:?}");
    let own = names.check(of("contosobank.de")).unwrap().bits;
    assert!(own.get() > 8.0, "what is the tenant's own stays watched: {own:?}");
}

#[test]
fn memory_is_bounded_and_own_names_stay() {
    let mut names = tenant();
    for seed in 0..6_000 {
        names.known.push(Known::new(of(&format!("filler{seed:05}.com")), false));
    }
    names.known.sort_by(|a, b| a.registered.cmp(&b.registered));
    names.known.truncate(Lookalikes::MOST);
    names.own(of("zzz-own.com"));
    names.learn(of("one-more.com"));
    assert_eq!(names.known.len(), Lookalikes::MOST);
    assert!(names.knows(of("zzz-own.com")) && names.knows(of("one-more.com")));
}

proptest! {
    #[test]
    fn any_names_are_sound_and_survive_their_bytes(
        own in prop::collection::vec("\\PC{0,20}|[a-z0-9.-]{1,20}", 0..12), asked in "[a-z0-9.-]{1,30}|\\PC{0,30}",
    ) {
        let mut names = Lookalikes::default();
        for (at, name) in own.iter().enumerate() {
            let Some(name) = DomainName::new(name) else { continue };
            if at % 3 == 0 { names.own(name) } else { names.learn(name) }
            prop_assert!(names.knows(name) && names.check(name).is_none());
        }
        let restored = Lookalikes::from_bytes(&names.to_bytes()).unwrap();
        prop_assert!(restored == names);
        if let Some(name) = DomainName::new(&asked) {
            let told = names.check(name);
            prop_assert_eq!(&told, &restored.check(name));
            prop_assert!(told.is_none_or(|told| told.bits.get() >= 0.0 && names.known.iter().any(|known| known.registered == told.resembles)));
        }
    }

    #[test]
    fn damaged_bytes_are_refused(at in 0_usize..400, change in 1_u8..) {
        let mut names = Lookalikes::default();
        names.own(of("example.com"));
        let mut bytes = names.to_bytes();
        let at = at % bytes.len();
        bytes[at] ^= change;
        prop_assert!(Lookalikes::from_bytes(&bytes).is_err());
    }
}

#[test]
fn a_letter_that_its_neighbours_change_comes_back_from_bytes() {
    let mut names = Lookalikes::default();
    names.own(DomainName::new("aΣ.example").unwrap()); // a sigma at the end has a small letter of its own
    let read = Lookalikes::from_bytes(&names.to_bytes()).unwrap();
    assert!(read == names && read.knows(DomainName::new("AΣ.EXAMPLE").unwrap()));
}
