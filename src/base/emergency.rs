//! Emergency numbers: what must get through whatever else does not. Dialled as written, whole.
//! Must never be longer than what regulators list: a number that is here by mistake escapes every limit.

/// What reaches the emergency services in every country (ITU-T E.161.1; 3GPP TS 22.101 section 10.1.1).
const EVERYWHERE: [&str; 1] = ["112"];

/// Each country's own: ISO 3166 code, numbers. France: décision Arcep 2018-0881, numéros d'urgence.
const OF_COUNTRY: [(&str, &[&str]); 12] = [
    ("FR", &["15", "17", "18", "114", "115", "116000", "116117", "119", "191", "196", "197"]),
    ("BE", &["100", "101"]),
    ("CH", &["117", "118", "144", "1414", "145"]),
    ("DE", &["110"]),
    ("ES", &["061", "062", "080", "085", "091", "092"]),
    ("GB", &["999"]),
    ("IE", &["999"]),
    ("IT", &["113", "115", "118"]),
    ("LU", &["113"]),
    ("MC", &["15", "17", "18"]),
    ("PT", &["115"]),
    ("US", &["911"]),
];

/// Whether `dialled` is an emergency number in the country of this ISO 3166 code.
#[must_use]
pub fn is_emergency(country: &str, dialled: &str) -> bool {
    let own = OF_COUNTRY.iter().filter(|(id, _)| *id == country).flat_map(|(_, numbers)| numbers.iter());
    EVERYWHERE.iter().chain(own).any(|number| *number == dialled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emergency_numbers_are_compared_whole_in_their_country() {
        for number in ["112", "15", "17", "18", "114", "115", "119", "196"] {
            assert!(is_emergency("FR", number), "{number}");
        }
        for number in ["1", "150", "0112", "999", "201", "3949"] {
            assert!(!is_emergency("FR", number), "{number}");
        }
        assert!(is_emergency("GB", "999") && is_emergency("XX", "112"));
    }
}
