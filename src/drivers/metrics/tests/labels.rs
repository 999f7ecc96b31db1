//! Where labels come from: configuration and closed lists, whatever is observed.

use super::*;
use crate::engine::PhoneObservation;
use crate::engine::status::AGENT_STATES;
use std::collections::BTreeSet;

/// Every label on a page, with its value.
fn labels(text: &str) -> Vec<(&str, &str)> {
    let series = text.lines().filter(|line| !line.starts_with('#'));
    let inside = series.filter_map(|line| Some(line.split_once('{')?.1.split_once('}')?.0));
    inside.flat_map(|labels| labels.split(',')).filter_map(|label| label.split_once('=')).collect()
}

#[test]
fn every_label_is_from_configuration_or_a_closed_list_whatever_comes() {
    let mut metrics = Metrics::new(&names());
    let page = metrics.page();
    let before = page.render(Moment::ZERO);
    let odd: Name = "odd".into();
    let call = Subject::Call(CallId(1));
    fact(&mut metrics, 0, &call, arrived(Some("odd")));
    fact(&mut metrics, 0, &call, Fact::Enqueued { queue: odd.clone(), position: 1 });
    fact(&mut metrics, 1, &call, Fact::Dequeued { queue: odd.clone(), end: VisitEnd::Abandoned });
    fact(&mut metrics, 1, &call, Fact::TargetEnded { target: odd.clone(), leg: 1, end: LegEnd::Busy });
    let nadia = Subject::Agent(NADIA.into());
    fact(&mut metrics, 1, &nadia, Fact::AgentBecame { state: odd.clone(), call: None });
    fact(
        &mut metrics,
        1,
        &Subject::Agent(odd.clone()),
        Fact::AgentBecame { state: "ready".into(), call: None },
    );
    metrics.observe(&Observation::Recorded(Arc::new(Record { trunk: odd.clone(), ..record() })));
    metrics.observe(&Observation::SipRequest { direction: "in", trunk: None, method: "ODD" });
    metrics.observe(&Observation::SipRetransmission { direction: "in", trunk: Some(odd.clone()) });
    metrics.observe(&Observation::SipResponse { direction: "in", trunk: None, method: "ODD", code: 699 });
    metrics.observe(&Observation::LimitReached { limit: "odd", cause: Cause::Overload });
    metrics.observe(&Observation::SipLimited { limit: "odd" });
    metrics.observe(&Observation::CredentialsRefused { trunk: "operateur".into(), why: "odd" });
    for seen in [
        PhoneObservation::Refused { why: "odd" },
        PhoneObservation::Answered { result: "odd" },
        PhoneObservation::Contacts { extension: odd.clone(), contacts: 1 },
    ] {
        metrics.observe(&Observation::Phone(seen));
    }
    metrics.observe(&Observation::Registration { trunk: odd.clone(), registered: true });
    metrics.observe(&Observation::Failover { trunk: "operateur".into(), why: "odd" });
    metrics.observe(&Observation::TrunkLimit { trunk: odd.clone(), limit: "cps" });
    metrics.observe(&Observation::Deflection { trunk: "operateur".into(), result: "odd" });
    let peer = "198.51.100.1:5060".parse().expect("an address");
    metrics.observe(&Observation::Peer { trunk: "operateur".into(), peer, up: false });
    metrics.observe(&Observation::Trunk { trunk: odd, up: true });

    let after = page.render(Moment::ZERO);
    let series = |page: &str| {
        let names = page.lines().filter_map(|line| line.rsplit_once(' ')).map(|(name, _)| name.to_owned());
        names.collect::<BTreeSet<_>>()
    };
    assert_eq!(series(&before), series(&after), "no observation makes a series");
    let configured =
        ["habitat70", "opac71", "technique", "bailleur", "prestataire", "contrat", "operateur", "ipoffice"];
    for (label, value) in labels(&after) {
        let value = value.trim_matches('"');
        let known = match label {
            "trunk" if value == names::NO_TRUNK => true,
            "site" | "trunk" | "queue" | "target" | "sla" | "on" => configured.contains(&value),
            "state" => names::CALL_STATES.contains(&value) || AGENT_STATES.contains(&value),
            "outcome" => {
                Outcome::ALL.iter().any(|outcome| outcome.label() == value)
                    || VisitEnd::ALL.iter().any(|end| end.label() == value)
            }
            "cause" => Cause::ALL.iter().any(|cause| cause.label() == value),
            "end" => names::RING_ENDS.contains(&value),
            "indicator" => names::INDICATORS.contains(&value),
            "verdict" => names::VERDICTS.contains(&value),
            "limit" => [&names::LIMITS_REACHED[..], &names::TRUNK_LIMITS, &names::SIP_LIMITS]
                .iter()
                .any(|limits| limits.contains(&value)),
            "peer" => value == "192.0.2.7:5060",
            "direction" => names::DIRECTIONS.contains(&value),
            "transport" => names::TRANSPORTS.contains(&value),
            "why" => [
                &names::CREDENTIAL_REFUSALS[..],
                &names::FAILOVERS,
                &names::PHONE_REFUSALS,
                &names::WEBSOCKET_REFUSALS,
            ]
            .iter()
            .any(|reasons| reasons.contains(&value)),
            "result" => names::REGISTRAR_RESULTS.contains(&value) || names::DEFLECTIONS.contains(&value),
            "to" => names::PHONE_CALLEES.contains(&value),
            "method" => names::METHODS.contains(&value),
            "code" => names::CODES.contains(&value),
            "le" => value == "+Inf" || value.parse::<f64>().is_ok(),
            "version" => value == env!("CARGO_PKG_VERSION"),
            _ => false,
        };
        assert!(known, "{label}={value}");
    }
}

#[test]
fn every_state_of_an_agent_is_shown_at_every_site_and_queue_and_the_states_add_up() {
    let mut metrics = Metrics::new(&names());
    let page = metrics.page();
    let nadia = Subject::Agent(NADIA.into());
    for state in AGENT_STATES {
        fact(&mut metrics, 1, &nadia, Fact::AgentBecame { state: state.into(), call: None });
        for (who, agents) in [
            ("agents{site=\"habitat70\"", 2.0),
            ("agents{site=\"opac71\"", 1.0),
            ("queue_agents{site=\"habitat70\",queue=\"technique\"", 2.0),
            ("queue_agents{site=\"opac71\",queue=\"technique\"", 1.0),
        ] {
            let in_state = |state: &str| value(&page, 1, &format!("spillway_{who},state=\"{state}\"}}"));
            let sum: f64 = AGENT_STATES.into_iter().map(in_state).sum();
            assert!(in_state(state) >= 1.0 && (sum - agents).abs() < f64::EPSILON, "{who} {state}: {sum}");
        }
    }
}
