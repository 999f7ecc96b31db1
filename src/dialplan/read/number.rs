//! `[number."…"]`, and what any phone number must be.

use super::super::plan::{Destination, Number};
use super::super::scope;
use super::super::wording;
use super::{Reading, SiteReading};
use crate::base::FlowId;
use crate::base::finding::Located;
use crate::base::phone::PhoneNumber;

/// Emergency numbers [numéros d'urgence], France's by decision of ARCEP, and those travellers know.
const EMERGENCY: [&str; 15] = [
    "15", "17", "18", "110", "112", "114", "115", "116000", "116117", "119", "191", "196", "197", "911",
    "999",
];

/// Short numbers have at most six digits in France (ARCEP's plan: 118 XYZ, 116 XYZ).
const LONGEST_SHORT: usize = 6;

impl<'a> SiteReading<'a, '_, '_> {
    pub(super) fn read_numbers(&mut self) {
        for (name, section) in self.root.named("number") {
            let flow = self.flow_of(section.text("flow"));
            let faces = section.texts("also");
            for face in std::iter::once(&name).chain(&faces) {
                let Some(number) = self.phone_number(face) else { continue };
                if let Some(first) = self.to.numbers.get(&number) {
                    let words = wording::number_twice(face.value);
                    self.to.findings.error_with(&face.place, words, first, "first here");
                    continue;
                }
                self.to.numbers.insert(number.clone(), face.place.clone());
                let Some(flow) = flow else { continue };
                let site = self.scope.site;
                self.to.plan.numbers.insert(number, Number { name: name.value.into(), site, flow });
            }
            if let Some(flow) = flow {
                self.to.graph.roots.push((Destination::Flow(flow), name.place.clone()));
            }
        }
    }

    fn flow_of(&mut self, name: Option<Located<&'a str>>) -> Option<FlowId> {
        let name = name?;
        let destination = self.scope.destination(&name, &mut self.to.findings)?;
        if let Destination::Flow(flow) = destination {
            return Some(flow);
        }
        self.to.findings.error(&name.place, wording::not_a_flow(name.value, scope::kind(destination)));
        None
    }

    /// Reads a number as this country writes it; what can't be one is told.
    pub(super) fn phone_number(&mut self, written: &Located<&str>) -> Option<PhoneNumber> {
        let number = self.country.read(written.value);
        let words = match &number {
            PhoneNumber::Short(digits) if EMERGENCY.contains(&&**digits) => wording::emergency(digits),
            PhoneNumber::E164(_) if !is_in_service(&number) => {
                wording::bad_number(written.value, &self.country.id)
            }
            PhoneNumber::Short(digits) if self.is_cut_short(digits, written.value) => {
                wording::bad_number(written.value, &self.country.id)
            }
            PhoneNumber::Text(text) if !is_user(text) => wording::bad_number(written.value, &self.country.id),
            PhoneNumber::E164(_) | PhoneNumber::Short(_) | PhoneNumber::Text(_) => return Some(number),
        };
        self.to.findings.error(&written.place, words);
        None
    }

    /// Whether digits that are no E.164 number were meant as one: too many for a short number, or written in groups
    /// after the trunk prefix.
    fn is_cut_short(&self, digits: &str, written: &str) -> bool {
        let grouped = written.trim().contains([' ', '.']);
        let prefixed = self.country.trunk_prefix.as_deref().is_some_and(|prefix| digits.starts_with(prefix));
        digits.len() > LONGEST_SHORT || (grouped && prefixed)
    }
}

/// Whether a numbering plan has such a number.
fn is_in_service(number: &PhoneNumber) -> bool {
    phonenumber::parse(None, number.written()).is_ok_and(|parsed| phonenumber::is_valid(&parsed))
}

/// Whether a text can be the user part of a SIP URI and was not meant as a number.
fn is_user(text: &str) -> bool {
    let first_is_letter = text.starts_with(|character: char| character.is_ascii_alphabetic());
    first_is_letter && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.!~*'+".contains(&byte))
}

/// Tells targets that ring a number of ours: the call would come back.
pub(in crate::dialplan) fn own_numbers_as_targets(reading: &mut Reading<'_>) {
    for (number, target, place) in &reading.rung {
        if let Some(ours) = reading.numbers.get(number) {
            let words = wording::own_number(target, &number.written());
            reading.findings.error_with(place, words, ours, "ours");
        }
    }
}
