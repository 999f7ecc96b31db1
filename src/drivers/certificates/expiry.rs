//! When a certificate runs out: the one field of it that nobody else here tells. Must never judge one.

/// What a certificate says of its last moment (RFC 5280 section 4.1.2.5), Unix time, s.
pub(super) fn of(certificate: &[u8]) -> Option<i64> {
    let (_, certificate, _) = element(certificate)?;
    let (_, mut fields, _) = element(certificate)?;
    // The version is left out of those of version 1.
    if fields.first() == Some(&VERSION) {
        fields = element(fields)?.2;
    }
    // Serial number, algorithm, issuer.
    for _ in 0..3 {
        fields = element(fields)?.2;
    }
    let (_, validity, _) = element(fields)?;
    let (tag, not_after, _) = element(element(validity)?.2)?;
    let text = std::str::from_utf8(not_after).ok()?.strip_suffix('Z')?;
    let text = match (tag, text.as_bytes().first()?) {
        // Two digits of a year: 1950 to 2049.
        (UTC_TIME, b'5'..=b'9') => format!("19{text}"),
        (UTC_TIME, _) => format!("20{text}"),
        (_, _) => text.to_owned(),
    };
    let civil = jiff::civil::DateTime::strptime("%Y%m%d%H%M%S", &text).ok()?;
    Some(civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_second())
}

const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;

/// The tag and content of the first element of DER, and what follows it.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(*first), rest),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first - 0x80))?;
            (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((*tag, content, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_say_when_they_run_out_in_both_of_their_ways() {
        let key = rcgen::KeyPair::generate().expect("a key");
        for (year, expected) in [(2_031, 1_925_078_400), (2_075, 3_313_612_800)] {
            let mut asked = rcgen::CertificateParams::new(vec!["sip.example".into()]).expect("a name");
            asked.not_after = rcgen::date_time_ymd(year, 1, 2);
            let certificate = asked.self_signed(&key).expect("signed");
            assert_eq!(of(certificate.der()), Some(expected), "{year}");
            for cut in 0..certificate.der().len() {
                let _ = of(&certificate.der()[..cut]);
            }
        }
        assert_eq!(of(b""), None);
        assert_eq!(of(&[0x30, 0x80, 0, 0]), None);
    }
}
