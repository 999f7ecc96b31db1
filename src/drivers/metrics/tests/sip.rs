//! What is counted of SIP messages, by trunk.

use super::*;

#[test]
fn messages_are_counted_on_their_trunk_and_how_long_a_first_response_takes() {
    let mut metrics = Metrics::new(&names());
    let page = metrics.page();
    let trunk = || Some("ipoffice".into());
    metrics.observe(&Observation::SipRequest { direction: "out", trunk: trunk(), method: "INVITE" });
    metrics.observe(&Observation::SipRetransmission { direction: "out", trunk: trunk() });
    for ms in [30, 700] {
        let after = Duration::from_millis(ms);
        metrics.observe(&Observation::SipFirstResponse { trunk: trunk(), method: "INVITE", after });
    }
    let unknown = Some("étranger".into());
    metrics.observe(&Observation::SipRetransmission { direction: "in", trunk: unknown });
    for (series, expected) in [
        ("sip_requests_total{trunk=\"ipoffice\",direction=\"out\",method=\"INVITE\"}", 1.0),
        ("sip_requests_total{trunk=\"operateur\",direction=\"out\",method=\"INVITE\"}", 0.0),
        ("sip_retransmissions_total{trunk=\"ipoffice\",direction=\"out\"}", 1.0),
        ("sip_first_response_seconds_bucket{trunk=\"ipoffice\",method=\"INVITE\",le=\"0.05\"}", 1.0),
        ("sip_first_response_seconds_bucket{trunk=\"ipoffice\",method=\"INVITE\",le=\"1\"}", 2.0),
        ("sip_first_response_seconds_count{trunk=\"ipoffice\",method=\"OPTIONS\"}", 0.0),
        ("metrics_unknown_names_total", 1.0),
    ] {
        let counted = value(&page, 0, &format!("spillway_{series}"));
        assert_eq!(counted.to_bits(), f64::to_bits(expected), "{series}");
    }
}
