//! The metrics against made-up observations: everything there at 0, each event counted once, levels back at 0 at the end.

mod labels;
mod sip;

use super::*;
use crate::base::{Cause, JournalSeq, Now, Outcome, Utc};
use crate::call::{LegEnd, VisitEnd};
use std::time::Duration;

/// Two sites that name their things alike, and share an agent.
fn names() -> ConfiguredNames {
    let agents = vec!["201@ipoffice".into(), "202@ipoffice".into()];
    let slas = vec![("contrat".into(), "prestataire".into())];
    ConfiguredNames {
        trunks: vec!["operateur".into(), "ipoffice".into()],
        registering: vec!["operateur".into()],
        peers: vec![("operateur".into(), "192.0.2.7:5060".parse().expect("an address"))],
        sites: vec![
            SiteNames {
                site: "habitat70".into(),
                queues: vec![("technique".into(), agents.clone()), ("bailleur".into(), agents[..1].to_vec())],
                targets: vec!["prestataire".into()],
                slas: slas.clone(),
            },
            SiteNames {
                site: "opac71".into(),
                queues: vec![("technique".into(), agents[..1].to_vec())],
                targets: vec!["prestataire".into()],
                slas,
            },
        ],
    }
}

fn after_s(seconds: u64) -> Now {
    Now::default().later(Duration::from_secs(seconds))
}

fn value(page: &Page, at: u64, series: &str) -> f64 {
    let text = page.render(after_s(at).moment);
    let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {series} in\n{text}")).parse().expect("a number")
}

fn fact(metrics: &mut Metrics, second: u64, subject: &Subject, fact: Fact) {
    let entry = Entry { seq: JournalSeq(second), now: after_s(second), subject: subject.clone(), fact };
    metrics.observe(&Observation::Fact(Arc::new(entry)));
}

fn arrived(site: Option<&str>) -> Fact {
    Fact::Arrived {
        trunk: "operateur".into(),
        caller: "+33612345678".into(),
        dialled: "0384961370".into(),
        number: site.map(|_| "03 84 96 13 70".into()),
        site: site.map(Into::into),
        plan: "d1gest".into(),
        sip_call_id: "x@y".into(),
    }
}

const NADIA: &str = "201@ipoffice";

fn nadia_rings(queue: &Name, leg: u16) -> Fact {
    Fact::RingStarted { agent: "Nadia".into(), agent_key: NADIA.into(), queue: queue.clone(), leg }
}

fn nadia_rang(leg: u16, end: LegEnd) -> Fact {
    Fact::RingEnded { agent: "Nadia".into(), agent_key: NADIA.into(), leg, end }
}

fn nadia_answered(leg: u16) -> Fact {
    Fact::Bridged { leg, agent: Some("Nadia".into()), agent_key: Some(NADIA.into()), target: None }
}

#[test]
fn everything_is_there_at_zero_before_anything_happens() {
    let page = Metrics::new(&names()).page();
    let text = page.render(Moment::ZERO);
    for metric in names::ALL {
        assert!(text.contains(&format!("# HELP {} ", metric.name)), "{} is not shown", metric.name);
        assert!(metric.name.ends_with("_total") == (metric.kind == names::Kind::Counter), "{}", metric.name);
    }
    for outcome in Outcome::ALL {
        let series = format!(
            "spillway_calls_total{{site=\"habitat70\",trunk=\"operateur\",outcome=\"{}\"}}",
            outcome.label()
        );
        assert!(value(&page, 0, &series).abs() < f64::EPSILON, "{series}");
    }
    for end in VisitEnd::ALL {
        let labels = format!("site=\"habitat70\",queue=\"technique\",outcome=\"{}\"", end.label());
        assert!(value(&page, 0, &format!("spillway_queue_calls_total{{{labels}}}")).abs() < f64::EPSILON);
        assert!(
            value(&page, 0, &format!("spillway_queue_wait_seconds_count{{{labels}}}")).abs() < f64::EPSILON
        );
    }
    for state in crate::engine::status::AGENT_STATES {
        let expected = if state == series::AT_FIRST { 2.0 } else { 0.0 };
        assert!(
            (value(&page, 0, &format!("spillway_agents{{site=\"habitat70\",state=\"{state}\"}}")) - expected)
                .abs()
                < f64::EPSILON
        );
    }
    let other_than_zero: Vec<_> = text
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty() && !line.ends_with(" 0"))
        .filter(|line| !line.contains("logged_out") && !line.starts_with("spillway_build_info"))
        .filter(|line| !line.starts_with("spillway_trunk_up") && !line.starts_with("spillway_trunk_peer_up"))
        .collect();
    assert!(other_than_zero.is_empty(), "{other_than_zero:?}");
}

#[test]
fn a_call_through_a_queue_is_counted_once_everywhere_and_leaves_nothing_behind() {
    let mut metrics = Metrics::new(&names());
    let page = metrics.page();
    let call = Subject::Call(CallId(7));
    let queue: Name = "technique".into();
    let state = |state: &str| format!("spillway_calls{{site=\"habitat70\",state=\"{state}\"}}");
    let is = |page: &Page, at, series: &str, expected: f64| {
        let found = value(page, at, series);
        assert!((found - expected).abs() < 1e-9, "{series} is {found}, not {expected}");
    };

    fact(&mut metrics, 0, &call, arrived(Some("habitat70")));
    is(&page, 0, &state("arriving"), 1.0);
    is(&page, 0, "spillway_calls_offered_total{site=\"habitat70\",trunk=\"operateur\"}", 1.0);
    fact(&mut metrics, 0, &call, Fact::CallerAnswered);
    fact(&mut metrics, 0, &call, Fact::FlowEntered { flow: "accueil".into() });
    is(&page, 0, &state("in_flow"), 1.0);
    is(&page, 0, &state("arriving"), 0.0);
    fact(&mut metrics, 10, &call, Fact::Enqueued { queue: queue.clone(), position: 1 });
    let line = |waiting, oldest| Observation::QueueLine {
        site: "habitat70".into(),
        queue: "technique".into(),
        waiting,
        oldest,
    };
    metrics.observe(&line(1, Some(after_s(10))));
    is(&page, 12, "spillway_queue_oldest_wait_seconds{site=\"habitat70\",queue=\"technique\"}", 2.0);
    is(&page, 15, "spillway_queue_oldest_wait_seconds{site=\"habitat70\",queue=\"technique\"}", 5.0);
    is(&page, 15, "spillway_queue_callers_waiting{site=\"habitat70\",queue=\"technique\"}", 1.0);
    for leg in [1, 2] {
        fact(&mut metrics, 20, &call, nadia_rings(&queue, leg));
    }
    fact(&mut metrics, 22, &call, nadia_rang(1, LegEnd::Busy));
    is(&page, 22, &state("ringing"), 1.0);
    fact(&mut metrics, 50, &call, nadia_rang(2, LegEnd::Answered));
    fact(&mut metrics, 50, &call, Fact::Dequeued { queue, end: VisitEnd::Answered });
    fact(&mut metrics, 50, &call, nadia_answered(2));
    metrics.observe(&line(0, None));
    is(&page, 50, &state("bridged"), 1.0);
    is(&page, 50, "spillway_queue_oldest_wait_seconds{site=\"habitat70\",queue=\"technique\"}", 0.0);
    let answered = "{site=\"habitat70\",queue=\"technique\",outcome=\"answered\"";
    is(&page, 50, &format!("spillway_queue_calls_total{answered}}}"), 1.0);
    is(&page, 50, &format!("spillway_queue_wait_seconds_sum{answered}}}"), 40.0);
    is(&page, 50, &format!("spillway_queue_wait_seconds_bucket{answered},le=\"30\"}}"), 0.0);
    is(&page, 50, &format!("spillway_queue_wait_seconds_bucket{answered},le=\"40\"}}"), 1.0);
    is(&page, 50, "spillway_agent_rings_total{site=\"habitat70\",queue=\"technique\",end=\"busy\"}", 1.0);
    is(&page, 50, "spillway_agent_rings_total{site=\"habitat70\",queue=\"technique\",end=\"answered\"}", 1.0);
    fact(&mut metrics, 60, &call, Fact::LegHungUp { leg: 2, cause: Cause::Normal });
    is(&page, 60, &state("ending"), 1.0);
    fact(&mut metrics, 61, &call, Fact::Ended { cause: Cause::Normal });
    for doing in names::CALL_STATES {
        is(&page, 61, &state(doing), 0.0);
    }
    is(&page, 61, "spillway_metrics_unknown_names_total", 0.0);
    assert!(metrics.progress.is_empty());
    assert!(!page.render(Moment::ZERO).contains("33612345678"), "no caller's number in metrics");
}

#[test]
fn an_agent_is_counted_in_one_state_for_all_and_for_each_queue_served() {
    let mut metrics = Metrics::new(&names());
    let page = metrics.page();
    let nadia = Subject::Agent(NADIA.into());
    fact(&mut metrics, 1, &nadia, Fact::AgentBecame { state: "ready".into(), call: None });
    fact(&mut metrics, 2, &nadia, Fact::AgentBecame { state: "talking".into(), call: Some(CallId(1)) });
    metrics.learn(&names());
    let count = |series: &str| value(&page, 2, series);
    assert_eq!(count("spillway_agents{site=\"habitat70\",state=\"talking\"}").to_bits(), 1f64.to_bits());
    assert_eq!(count("spillway_agents{site=\"habitat70\",state=\"ready\"}").to_bits(), 0f64.to_bits());
    assert_eq!(count("spillway_agents{site=\"habitat70\",state=\"logged_out\"}").to_bits(), 1f64.to_bits());
    assert_eq!(
        count("spillway_queue_agents{site=\"habitat70\",queue=\"bailleur\",state=\"talking\"}").to_bits(),
        1f64.to_bits()
    );
    assert_eq!(
        count("spillway_queue_agents{site=\"habitat70\",queue=\"bailleur\",state=\"logged_out\"}").to_bits(),
        0f64.to_bits()
    );
    assert_eq!(
        count("spillway_queue_agents{site=\"habitat70\",queue=\"technique\",state=\"talking\"}").to_bits(),
        1f64.to_bits()
    );
}

#[test]
fn what_is_in_no_configuration_gets_no_label_but_is_counted() {
    let mut metrics = Metrics::new(&names());
    let page = metrics.page();
    metrics.observe(&Observation::Trunk { trunk: "étranger".into(), up: true });
    metrics.observe(&Observation::SipRequest { direction: "in", trunk: None, method: "BREW" });
    for code in [418, 486] {
        let trunk = Some("operateur".into());
        metrics.observe(&Observation::SipResponse { direction: "out", trunk, method: "INVITE", code });
    }
    metrics.observe(&Observation::LimitReached { limit: "teapots", cause: Cause::Overload });
    metrics.observe(&Observation::NotSip);
    metrics.observe(&Observation::SipStray);
    assert!(!page.render(Moment::ZERO).contains("étranger"));
    for series in [
        "spillway_metrics_unknown_names_total",
        "spillway_sip_requests_total{trunk=\"none\",direction=\"in\",method=\"OTHER\"}",
        "spillway_sip_responses_total{trunk=\"operateur\",direction=\"out\",method=\"INVITE\",code=\"other\"}",
        "spillway_sip_responses_total{trunk=\"operateur\",direction=\"out\",method=\"INVITE\",code=\"486\"}",
        "spillway_limits_reached_total{limit=\"other\"}",
        "spillway_sip_unreadable_total",
        "spillway_sip_stray_total",
    ] {
        assert_eq!(value(&page, 0, series).to_bits(), 1f64.to_bits(), "{series}");
    }
}

#[test]
fn what_a_trunks_peers_do_reaches_its_series() {
    let mut metrics = Metrics::new(&names());
    let page = metrics.page();
    let peer = "192.0.2.7:5060".parse().expect("an address");
    metrics.observe(&Observation::Peer { trunk: "operateur".into(), peer, up: false });
    metrics.observe(&Observation::Failover { trunk: "operateur".into(), why: "silent" });
    metrics.observe(&Observation::TrunkLimit { trunk: "operateur".into(), limit: "cps" });
    metrics.observe(&Observation::LookupFailed { trunk: "operateur".into() });
    metrics.observe(&Observation::Deflection { trunk: "operateur".into(), result: "referred" });
    let of = |series: &str| value(&page, 0, &format!("spillway_{series}}}"));
    assert!(of("trunk_peer_up{trunk=\"operateur\",peer=\"192.0.2.7:5060\"").abs() < f64::EPSILON);
    for counted in [
        "trunk_failovers_total{trunk=\"operateur\",why=\"silent\"",
        "trunk_limits_reached_total{trunk=\"operateur\",limit=\"cps\"",
        "trunk_lookups_failed_total{trunk=\"operateur\"",
        "trunk_deflections_total{trunk=\"operateur\",result=\"referred\"",
    ] {
        assert!((of(counted) - 1.0).abs() < f64::EPSILON, "{counted}");
    }
}

#[test]
fn verdicts_trunks_audio_and_levels_reach_their_series() {
    let mut metrics = Metrics::new(&names());
    let page = metrics.page();
    let judged = |verdict| Observation::Judged {
        site: "habitat70".into(),
        sla: "contrat".into(),
        on: "prestataire".into(),
        indicator: "qs1",
        verdict,
    };
    metrics.observe(&judged("hit"));
    metrics.observe(&judged("hit"));
    metrics.observe(&judged("miss"));
    metrics.observe(&Observation::Trunk { trunk: "ipoffice".into(), up: false });
    metrics.observe(&Observation::Registration { trunk: "operateur".into(), registered: true });
    metrics.observe(&Observation::CredentialsRefused { trunk: "operateur".into(), why: "realm" });
    metrics.observe(&Observation::Audio {
        trunk: "ipoffice".into(),
        received: 500,
        sent: 499,
        lost: 2,
        transcoded: 0,
        refused: 1,
    });
    metrics.set_levels(&Levels {
        store_backlog: 12,
        store_lost: 3,
        media_ports: 4,
        sip_streams_idle: 6,
        tls_handshakes_limited: 8,
        rtp_unsent: 5,
        sip_uncaptured: 11,
        ..Levels::default()
    });
    for (series, expected) in [
        (
            "spillway_sla_calls_total{site=\"habitat70\",sla=\"contrat\",on=\"prestataire\",indicator=\"qs1\",verdict=\"hit\"}",
            2f64,
        ),
        (
            "spillway_sla_calls_total{site=\"habitat70\",sla=\"contrat\",on=\"prestataire\",indicator=\"qs1\",verdict=\"miss\"}",
            1.0,
        ),
        ("spillway_trunk_up{trunk=\"operateur\"}", 1.0),
        ("spillway_trunk_up{trunk=\"ipoffice\"}", 0.0),
        ("spillway_trunk_registered{trunk=\"operateur\"}", 1.0),
        ("spillway_trunk_credentials_refused_total{trunk=\"operateur\",why=\"realm\"}", 1.0),
        ("spillway_rtp_received_packets_total{trunk=\"ipoffice\"}", 500.0),
        ("spillway_rtp_lost_packets_total{trunk=\"ipoffice\"}", 2.0),
        ("spillway_store_backlog_rows", 12.0),
        ("spillway_store_lost_rows_total", 3.0),
        ("spillway_media_ports", 4.0),
        ("spillway_rtp_unsent_packets_total", 5.0),
        ("spillway_sip_uncaptured_total", 11.0),
        ("spillway_sip_limited_total{limit=\"idle\"}", 6.0),
        ("spillway_sip_limited_total{limit=\"handshakes\"}", 8.0),
        ("spillway_metrics_unknown_names_total", 0.0),
    ] {
        assert_eq!(value(&page, 0, series).to_bits(), expected.to_bits(), "{series}");
    }
}

#[test]
fn a_call_that_is_over_reaches_its_series() {
    let mut metrics = Metrics::new(&names());
    let page = metrics.page();
    let record = Record { talk_ms: 61_000, ..record() };
    metrics.observe(&Observation::Recorded(Arc::new(record)));
    let ended = "spillway_calls_total{site=\"habitat70\",trunk=\"operateur\",outcome=\"answered\"}";
    assert_eq!(value(&page, 0, ended).to_bits(), 1f64.to_bits());
    assert_eq!(
        value(&page, 0, "spillway_calls_ended_total{site=\"habitat70\",cause=\"normal\"}").to_bits(),
        1f64.to_bits()
    );
    assert_eq!(
        value(&page, 0, "spillway_call_talk_seconds_sum{site=\"habitat70\"}").to_bits(),
        61f64.to_bits()
    );
}

fn record() -> Record {
    Record {
        call: CallId(1),
        arrived_utc: Utc::default(),
        ended_utc: Utc::default(),
        site: Some("habitat70".into()),
        trunk: "operateur".into(),
        caller: String::new(),
        dialled: String::new(),
        number: Some("03 84 96 13 70".into()),
        plan: Name::default(),
        outcome: Outcome::Answered,
        cause: Cause::Normal,
        queue: None,
        agent: None,
        agent_key: None,
        target: None,
        keys: String::new(),
        picked_up: true,
        flow_ms: 0,
        wait_ms: 0,
        ring_ms: 0,
        talk_ms: 0,
        hold_ms: 0,
        after_ms: 0,
        duration_ms: 0,
        handover_ms: None,
        since_answer_ms: None,
        visit: None,
        rings: Vec::new(),
        transfers: Vec::new(),
        talks: Vec::new(),
    }
}

#[test]
fn two_sites_with_a_queue_a_target_and_an_sla_of_one_name_have_figures_of_their_own() {
    let mut metrics = Metrics::new(&names());
    let page = metrics.page();
    let call = Subject::Call(CallId(1));
    let (queue, target): (Name, Name) = ("technique".into(), "prestataire".into());
    fact(&mut metrics, 0, &call, arrived(Some("opac71")));
    fact(&mut metrics, 0, &call, Fact::Enqueued { queue: queue.clone(), position: 1 });
    metrics.observe(&Observation::QueueLine {
        site: "opac71".into(),
        queue: queue.clone(),
        waiting: 1,
        oldest: Some(after_s(0)),
    });
    fact(&mut metrics, 90, &call, Fact::Dequeued { queue: queue.clone(), end: VisitEnd::Overflowed });
    let from_queue = Some(queue);
    let rung =
        Fact::TargetRung { target: target.clone(), dialled: "+33384000001".into(), leg: 1, from_queue };
    fact(&mut metrics, 90, &call, rung);
    fact(
        &mut metrics,
        99,
        &call,
        Fact::TargetEnded { target: target.clone(), leg: 1, end: LegEnd::NoAnswer },
    );
    fact(&mut metrics, 99, &call, Fact::Ended { cause: Cause::NoAnswer });
    metrics.observe(&Observation::Judged {
        site: "opac71".into(),
        sla: "contrat".into(),
        on: target,
        indicator: "qs1",
        verdict: "miss",
    });
    let missed = Record {
        site: Some("opac71".into()),
        outcome: Outcome::OverflowedNoAnswer,
        cause: Cause::NoAnswer,
        ..record()
    };
    metrics.observe(&Observation::Recorded(Arc::new(missed)));
    for (series, expected) in [
        ("spillway_calls_offered_total{SITE,trunk=\"operateur\"}", 1f64),
        ("spillway_calls_total{SITE,trunk=\"operateur\",outcome=\"overflowed_no_answer\"}", 1.0),
        ("spillway_calls_ended_total{SITE,cause=\"no_answer\"}", 1.0),
        ("spillway_queue_entries_total{SITE,queue=\"technique\"}", 1.0),
        ("spillway_queue_calls_total{SITE,queue=\"technique\",outcome=\"overflowed\"}", 1.0),
        ("spillway_queue_wait_seconds_sum{SITE,queue=\"technique\",outcome=\"overflowed\"}", 90.0),
        ("spillway_queue_callers_waiting{SITE,queue=\"technique\"}", 1.0),
        ("spillway_queue_oldest_wait_seconds{SITE,queue=\"technique\"}", 100.0),
        ("spillway_target_calls_total{SITE,target=\"prestataire\",end=\"no_answer\"}", 1.0),
        (
            "spillway_sla_calls_total{SITE,sla=\"contrat\",on=\"prestataire\",indicator=\"qs1\",verdict=\"miss\"}",
            1.0,
        ),
    ] {
        let of = |site: &str| value(&page, 100, &series.replace("SITE", &format!("site=\"{site}\"")));
        assert_eq!(of("opac71").to_bits(), expected.to_bits(), "{series}");
        assert_eq!(of("habitat70").to_bits(), 0f64.to_bits(), "{series}");
    }
    assert_eq!(value(&page, 100, "spillway_metrics_unknown_names_total").to_bits(), 0f64.to_bits());
}

#[test]
fn a_call_to_no_number_of_ours_is_not_offered_and_is_counted_apart() {
    let mut metrics = Metrics::new(&names());
    let page = metrics.page();
    let call = Subject::Call(CallId(1));
    fact(&mut metrics, 0, &call, arrived(None));
    fact(&mut metrics, 0, &call, Fact::Ended { cause: Cause::NotFound });
    let (outcome, cause) = (Outcome::Rejected, Cause::NotFound);
    let record = Record { site: None, number: None, outcome, cause, ..record() };
    metrics.observe(&Observation::Recorded(Arc::new(record)));
    let text = page.render(Moment::ZERO);
    let counted: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("spillway_calls") || line.starts_with("spillway_metrics"))
        .filter(|line| !line.ends_with(" 0"))
        .collect();
    assert_eq!(counted, ["spillway_calls_unknown_number_total{trunk=\"operateur\"} 1"]);
}

#[test]
fn connections_are_counted_by_transport() {
    let metrics = Metrics::new(&names());
    let page = metrics.page();
    metrics.set_levels(&Levels {
        tcp: StreamLevels { now: 6, accepted: 7 },
        tls: StreamLevels { now: 1, ..StreamLevels::default() },
        ws: StreamLevels { now: 2, ..StreamLevels::default() },
        wss: StreamLevels { accepted: 3, ..StreamLevels::default() },
        websockets_refused: [1, 2, 3, 4],
        ..Levels::default()
    });
    for (series, expected) in [
        ("spillway_sip_connections{transport=\"tcp\"}", 6f64),
        ("spillway_sip_connections{transport=\"tls\"}", 1.0),
        ("spillway_sip_connections{transport=\"ws\"}", 2.0),
        ("spillway_sip_connections_accepted_total{transport=\"wss\"}", 3.0),
        ("spillway_websocket_handshakes_refused_total{why=\"malformed\"}", 1.0),
        ("spillway_websocket_handshakes_refused_total{why=\"subprotocol\"}", 2.0),
        ("spillway_websocket_handshakes_refused_total{why=\"origin\"}", 3.0),
        ("spillway_websocket_handshakes_refused_total{why=\"too_long\"}", 4.0),
        ("spillway_sip_connections_accepted_total{transport=\"tcp\"}", 7.0),
    ] {
        assert_eq!(value(&page, 0, series).to_bits(), expected.to_bits(), "{series}");
    }
}

#[test]
fn handshakes_and_certificates_are_told() {
    let metrics = Metrics::new(&names());
    let page = metrics.page();
    let tls = TlsLevels { failed_in: 6, failed_out: 7, expires: Some(1_900_000_000), unusable: true };
    metrics.set_tls(&tls);
    for (series, expected) in [
        ("spillway_tls_handshakes_failed_total{direction=\"in\"}", 6f64),
        ("spillway_tls_handshakes_failed_total{direction=\"out\"}", 7.0),
        ("spillway_tls_certificate_expiry_timestamp_seconds", 1_900_000_000.0),
        ("spillway_tls_certificates_unusable", 1.0),
    ] {
        assert_eq!(value(&page, 0, series).to_bits(), expected.to_bits(), "{series}");
    }
    metrics.set_tls(&TlsLevels::default());
    let without = value(&page, 0, "spillway_tls_certificate_expiry_timestamp_seconds");
    assert_eq!(without.to_bits(), f64::INFINITY.to_bits(), "no alarm where there is no certificate");
}
