//! What a label looks like: two labels that a reader may take for one another have the same skeleton.
//!
//! In the manner of Unicode Technical Standard 39, section 4, for the letters that registries let into names and the
//! digits and pairs that stand for letters in lures. International labels are decoded first (Punycode, RFC 3492,
//! section 6.2). O(length).

/// Characters of a label at most: octets (RFC 1035).
const LONGEST: usize = 63;

/// Foreign and accented letters, each line the Latin letter first and then what looks like it.
const ALIKE: [&str; 24] = [
    "aàáâãäåāăąаαạɑ",
    "bьƅ",
    "cçćčсϲ",
    "dďđԁ",
    "eèéêëēėęěеεҽẹ",
    "gğġģɡ",
    "hһĥ",
    "iìíîïīįıіιɩ",
    "jјĵ",
    "kкκķ",
    "lłĺļľӏ",
    "mмṃ",
    "nñńņňпη",
    "oòóôõöøōőоοσọ",
    "pрρ",
    "qԛ",
    "rŕřгṛ",
    "sśşšѕṣ",
    "tţťтτṭ",
    "uùúûüūůűυμụ",
    "vνѵṿ",
    "wԝωẃẅ",
    "xхχ",
    "yýÿуγỵ",
];
/// Digits that stand for letters.
const DIGITS: [(char, char); 4] = [('0', 'o'), ('1', 'l'), ('3', 'e'), ('5', 's')];
/// Pairs that stand for a letter.
const PAIRS: [(&str, &str); 2] = [("rn", "m"), ("vv", "w")];

/// The label as it is shown: small letters, international ones decoded; at most 63 characters.
pub(crate) fn shown(label: &str) -> String {
    let small: String = label.chars().flat_map(char::to_lowercase).take(LONGEST).collect();
    small
        .strip_prefix("xn--")
        .and_then(decode)
        .map_or(small.clone(), |decoded| decoded.chars().flat_map(char::to_lowercase).take(LONGEST).collect())
}

/// The skeleton of a label that [`shown`] gave.
pub(crate) fn skeleton(shown: &str) -> String {
    let plain: String = shown.chars().map(plain).collect();
    PAIRS.iter().fold(plain, |text, (pair, letter)| text.replace(pair, letter))
}

fn plain(letter: char) -> char {
    if let Some((_, plain)) = DIGITS.iter().find(|(digit, _)| *digit == letter) {
        return *plain;
    }
    if letter.is_ascii() {
        return letter;
    }
    let line = ALIKE.iter().find(|line| line.contains(letter));
    line.and_then(|line| line.chars().next()).unwrap_or(letter)
}

/// Decodes what follows `xn--`; `None` for what is no Punycode.
fn decode(text: &str) -> Option<String> {
    let (mut out, coded): (Vec<char>, &str) = match text.rsplit_once('-') {
        Some((basic, coded)) => (basic.chars().collect(), coded),
        None => (Vec::new(), text),
    };
    let (mut code, mut at, mut bias) = (128_u32, 0_u32, 72_u32);
    let mut digits = coded.bytes().peekable();
    while digits.peek().is_some() {
        let (before, mut weight, mut k) = (at, 1_u32, 36_u32);
        loop {
            let digit = value(digits.next()?)?;
            at = at.checked_add(digit.checked_mul(weight)?)?;
            let threshold = k.saturating_sub(bias).clamp(1, 26);
            if digit < threshold {
                break;
            }
            weight = weight.checked_mul(36 - threshold)?;
            k = k.checked_add(36)?;
        }
        let length = u32::try_from(out.len()).ok()?.checked_add(1)?;
        bias = adapted(at - before, length, before == 0);
        code = code.checked_add(at / length)?;
        at %= length;
        out.insert(usize::try_from(at).ok()?, char::from_u32(code)?);
        at += 1;
        if out.len() > LONGEST {
            return None;
        }
    }
    Some(out.into_iter().collect())
}

fn value(digit: u8) -> Option<u32> {
    match digit {
        b'a'..=b'z' => Some(u32::from(digit - b'a')),
        b'0'..=b'9' => Some(u32::from(digit - b'0') + 26),
        _ => None,
    }
}

/// RFC 3492, section 6.1.
fn adapted(step: u32, length: u32, is_first: bool) -> u32 {
    let mut step = if is_first { step / 700 } else { step / 2 };
    step += step / length;
    let mut k = 0;
    while step > 455 {
        step /= 35;
        k += 36;
    }
    k + 36 * step / (step + 38)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn international_labels_are_decoded() {
        // Samples that anybody can check with RFC 3492: umlauts, and a word of Cyrillic letters.
        assert_eq!(shown("xn--bcher-kva"), "bücher");
        assert_eq!(shown("xn--mnchen-3ya"), "münchen");
        assert_eq!(shown("xn--e1afmkfd"), "пример");
        assert_eq!(shown("xn--"), "", "nothing is coded");
        assert_eq!(shown("XN--!!"), "xn--!!");
    }

    #[test]
    fn what_looks_alike_has_one_skeleton() {
        for (lure, name) in
            [("paypa1", "paypal"), ("g00gle", "google"), ("rnicrosoft", "microsoft"), ("аррle", "apple")]
        {
            assert_eq!(skeleton(&shown(lure)), skeleton(&shown(name)));
        }
        assert_ne!(skeleton("google"), skeleton("goggle"));
    }

    proptest! {
        #[test]
        fn a_skeleton_is_its_own(label in "[a-z0-9-]{1,63}|\\PC{0,80}") {
            let shown = shown(&label);
            let once = skeleton(&shown);
            // A pair may arise where another was replaced: `vvv`, `rrn`. What matters is that equals stay equal.
            prop_assert_eq!(skeleton(&shown), once.clone());
            prop_assert!(once.chars().count() <= LONGEST && once.chars().all(|letter| plain(letter) == letter));
        }
    }
}
