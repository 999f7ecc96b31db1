//! Every metric there is: name, kind, help. A closed list; dashboards and alerts stand on it, so a name is never reused.
//! Labels take values from configuration and closed lists only, never from a message: no number, no address.

/// What a metric is to Prometheus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Rises; starts at 0.
    Counter,
    /// A level.
    Gauge,
    /// Times in the buckets of [`WAIT_BOUNDS`].
    Histogram,
}

/// One metric.
#[derive(Clone, Copy, Debug)]
pub(super) struct Metric {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// What it says, for whoever meets it in Prometheus.
    pub help: &'static str,
}

macro_rules! metrics {
    ($($kind:ident $constant:ident $name:literal, $help:literal;)*) => {
        $(pub(super) const $constant: Metric = Metric { name: concat!("spillway_", $name), kind: Kind::$kind, help: $help };)*
        /// All of them.
        pub(super) const ALL: &[Metric] = &[$($constant),*];
    };
}

metrics! {
    Gauge BUILD_INFO "build_info", "Always 1; the version is in the label.";

    Counter CALLS_OFFERED "calls_offered_total", "Initial INVITEs from an accepted trunk to a number of ours, by site and trunk. Always the sum of spillway_calls_total and spillway_calls.";
    Counter CALLS "calls_total", "Calls that are over, by site, trunk and outcome.";
    Counter CALLS_ENDED "calls_ended_total", "Calls that are over, by site and cause.";
    Counter CALLS_UNKNOWN_NUMBER "calls_unknown_number_total", "Initial INVITEs from an accepted trunk to no number of ours, by trunk: refused, and in no other figure of calls.";
    Gauge CALLS_IN_PROGRESS "calls", "Calls in progress, by site and state.";
    Histogram TALK "call_talk_seconds", "Conversation, from the answer to the first hang-up, of calls that had one, by site.";

    Counter QUEUE_ENTRIES "queue_entries_total", "Visits to a queue begun, by site and queue.";
    Counter QUEUE_CALLS "queue_calls_total", "Visits to a queue that are over, by site, queue and outcome.";
    Histogram QUEUE_WAIT "queue_wait_seconds", "From entering a queue until an answer, a hang-up or leaving, ringing included, by site, queue and outcome.";
    Gauge QUEUE_WAITING "queue_callers_waiting", "Callers in a queue, by site and queue.";
    Gauge QUEUE_OLDEST "queue_oldest_wait_seconds", "How long the caller waiting longest has waited, by site and queue; 0 when nobody waits.";
    Gauge QUEUE_AGENTS "queue_agents", "Agents who serve a queue, by site, queue and state; one agent may serve several.";
    Gauge AGENTS "agents", "Agents who serve a site, by site and state; one agent may serve several.";
    Counter RINGS "agent_rings_total", "Agents' phones rung that are over, by site, queue and how the ring ended.";
    Counter TARGETS "target_calls_total", "Targets rung that are over, by site, target and how it ended.";

    Counter SLA_CALLS "sla_calls_total", "Calls judged by an SLA, by site, SLA, what it is attached to, indicator and verdict; the indicator is hit / (hit + miss).";

    Gauge TRUNK_UP "trunk_up", "1 until a trunk is known not to answer OPTIONS, then 0 until it does.";
    Gauge TRUNK_REGISTERED "trunk_registered", "1 while the trunk's registrar knows us, else 0; only of trunks that register.";
    Counter CREDENTIALS_REFUSED "trunk_credentials_refused_total", "Requests whose credentials a trunk's peer refused, or asked for in another realm (why), by trunk.";
    Gauge PEER_UP "trunk_peer_up", "1 until a trunk's peer is known not to answer OPTIONS, then 0 until it does, by trunk and peer.";
    Counter TRUNK_LOOKUPS_FAILED "trunk_lookups_failed_total", "Lookups of a trunk's name that found no peer, by trunk; peers found before stay.";
    Counter TRUNK_FAILOVERS "trunk_failovers_total", "Calls out that went to the trunk's next peer, by trunk and what the peer before did (why).";
    Counter TRUNK_LIMITS_REACHED "trunk_limits_reached_total", "Calls a limit of the trunk's own refused, in or out, by trunk and limit.";
    Counter TRUNK_DEFLECTIONS "trunk_deflections_total", "Callers given back to their own side with a target's number, by trunk and result: by 302 (redirected), by REFER (referred), or its refusal (refused).";
    Gauge PHONES_REGISTERED "phones_registered", "Phones that have registered here and can be rung.";
    Gauge PHONE_CONTACTS "phone_contacts", "Contacts registered, of all phones.";
    Counter REGISTRAR_ANSWERS "registrar_answers_total", "REGISTERs of phones that proved who they are, by result.";
    Counter PHONE_CALLS "phone_calls_total", "Calls of phones to no number of ours that are over, by whom they dialled (emergency, phone, outside), or refused.";
    Counter PHONE_CHALLENGES "phone_challenges_total", "Requests that proved nothing and were asked to (401).";
    Counter PHONE_REFUSED "phone_credentials_refused_total", "Answers to a challenge that were wrong (credentials: no such phone, or another password) or no longer good (stale: too old, or used before), by why.";
    Counter PHONE_WITHHELD "phone_challenges_withheld_total", "Requests dropped because their source had been challenged too often within a second.";
    Counter PHONE_REPLACED "phone_contacts_replaced_total", "Contacts that made room for another of the same phone, which had as many as it may.";
    Counter LAMPS_REFUSED "phone_lamps_refused_total", "Subscriptions to others' lamps refused because their phone has as many as it may.";
    Counter SIP_REQUESTS "sip_requests_total", "SIP requests, by trunk, direction and method, retransmissions left out.";
    Counter SIP_RESPONSES "sip_responses_total", "SIP responses, by trunk, direction, method and code, retransmissions left out.";
    Counter SIP_RETRANSMISSIONS "sip_retransmissions_total", "SIP messages sent again, or received again and absorbed, by trunk and direction.";
    Histogram SIP_FIRST_RESPONSE "sip_first_response_seconds", "From an INVITE or OPTIONS of ours to the first response to it, by trunk and method.";
    Counter SOURCES_REFUSED "sip_sources_refused_total", "SIP requests from a source no trunk accepts.";
    Counter NOT_SIP "sip_unreadable_total", "Datagrams and stream data that are no SIP message, STUN requests above the limit among them.";
    Gauge CONNECTIONS "sip_connections", "SIP connections, whoever opened them, by transport.";
    Counter CONNECTIONS_ACCEPTED "sip_connections_accepted_total", "SIP connections opened by others, by transport.";
    Counter TLS_FAILED "tls_handshakes_failed_total", "TLS handshakes that came to nothing, by direction: whose connection it was.";
    Gauge TLS_EXPIRES "tls_certificate_expiry_timestamp_seconds", "When the first certificate of ours runs out, Unix time; +Inf without any.";
    Gauge TLS_UNUSABLE "tls_certificates_unusable", "1 while changed certificates or keys can't be used and those from before stand, else 0.";
    Counter WEBSOCKETS_REFUSED "websocket_handshakes_refused_total", "WebSocket handshakes refused, by why: none at all (malformed), not for SIP (subprotocol), from a page that may not connect (origin), too long.";
    Counter SIP_STRAY "sip_stray_total", "SIP responses and ACKs that belong to no transaction and no dialog held.";

    Counter SIP_LIMITED "sip_limited_total", "SIP requests and streams refused or dropped by a limit that keeps nothing of them, by limit; no record tells of these.";
    Counter BANS "sip_bans_total", "Sources banned because they were refused too often.";
    Gauge BANNED "sip_banned_sources", "Sources banned now.";
    Counter UNREAD "sip_unread_datagrams_total", "SIP datagrams the operating system dropped because nobody read them in time.";
    Gauge OVERLOADED "overloaded", "1 while calls are turned away because the engine is behind, else 0.";

    Counter RTP_RECEIVED "rtp_received_packets_total", "RTP packets received on legs that are over, by trunk.";
    Counter RTP_SENT "rtp_sent_packets_total", "RTP packets sent on legs that are over, by trunk.";
    Counter RTP_LOST "rtp_lost_packets_total", "RTP packets that never arrived (RFC 3550 appendix A.3) on legs that are over, by trunk.";
    Counter RTP_TRANSCODED "rtp_transcoded_packets_total", "RTP packets whose codec was changed on legs that are over, by trunk.";
    Counter RTP_REFUSED "rtp_refused_packets_total", "RTP packets from a source that was not the leg's, on legs that are over, by trunk.";
    Counter SIP_UNCAPTURED "sip_uncaptured_total", "Copies of SIP messages that were not sent to the capture server of [sip] hep: too many at once, one too long for a packet, or the operating system refused.";
    Counter RTP_UNSENT "rtp_unsent_packets_total", "RTP and RTCP packets the operating system did not take: a full socket buffer, an unreachable network.";

    Gauge LEGS "legs", "Legs of calls that hold anything.";
    Gauge MEDIA_PORTS "media_ports", "RTP ports lent to legs.";
    Gauge SIP_TRANSACTIONS "sip_transactions", "SIP transactions held.";
    Gauge SIP_DIALOGS "sip_dialogs", "SIP dialogs held.";

    Gauge STORE_BACKLOG "store_backlog_rows", "Facts and records not yet on disk.";
    Counter STORE_LATE "store_late_total", "Answers to BYE sent before the facts were on disk, because the disk took too long.";
    Counter STORE_LOST "store_lost_rows_total", "Facts and records given up because the disk refused for too long.";

    Counter LIMITS "limits_reached_total", "Calls refused or legs not opened because of a limit, by limit.";
    Counter FAULTS "faults_total", "Broken invariants caught; each cost one call and is a bug to report.";
    Counter UNKNOWN_NAMES "metrics_unknown_names_total", "Observations left out because a name in them is in no configuration; a bug to report.";
}

/// Upper bounds of the wait's buckets, seconds.
pub(super) const WAIT_BOUNDS: [f64; 11] =
    [5.0, 10.0, 20.0, 30.0, 40.0, 60.0, 90.0, 120.0, 180.0, 300.0, 600.0];
/// Upper bounds of the conversation's buckets, seconds.
pub(super) const TALK_BOUNDS: [f64; 10] =
    [10.0, 30.0, 60.0, 120.0, 180.0, 300.0, 600.0, 900.0, 1_800.0, 3_600.0];

/// Upper bounds of the buckets for a first response, seconds; the last is when a transaction gives up (RFC 3261 section
/// 17.1.1.2, timer B).
pub(super) const RESPONSE_BOUNDS: [f64; 10] = [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 4.0, 32.0];
/// Methods whose first response is timed.
pub(super) const TIMED_METHODS: [&str; 2] = ["INVITE", "OPTIONS"];
/// The trunk of messages that are no trunk's.
pub(super) const NO_TRUNK: &str = "none";
/// Where a SIP message goes.
pub(super) const DIRECTIONS: [&str; 2] = ["in", "out"];
/// Transports that have connections.
pub(super) const TRANSPORTS: [&str; 4] = ["tcp", "tls", "ws", "wss"];
/// Why a WebSocket handshake is refused.
pub(super) const WEBSOCKET_REFUSALS: [&str; 4] = ["malformed", "subprotocol", "origin", "too_long"];
/// Methods of requests; the last stands for the rest.
pub(super) const METHODS: [&str; 15] = [
    "INVITE",
    "ACK",
    "BYE",
    "CANCEL",
    "OPTIONS",
    "REGISTER",
    "PRACK",
    "SUBSCRIBE",
    "NOTIFY",
    "PUBLISH",
    "INFO",
    "REFER",
    "MESSAGE",
    "UPDATE",
    "OTHER",
];
/// Methods whose responses are counted apart; the last stands for the rest.
pub(super) const ANSWERED_METHODS: [&str; 6] = ["INVITE", "BYE", "CANCEL", "OPTIONS", "REGISTER", "OTHER"];
/// Codes counted apart; the last stands for the rest. RFC 3261 section 21.
pub(super) const CODES: [&str; 32] = [
    "100", "180", "183", "200", "202", "302", "400", "401", "403", "404", "405", "407", "408", "415", "416",
    "420", "480", "481", "482", "483", "484", "486", "487", "488", "491", "500", "501", "503", "504", "600",
    "603", "other",
];
/// Limits of `base::limits` that refuse a call or a leg; the last stands for the rest.
pub(super) const LIMITS_REACHED: [&str; 8] =
    ["calls", "legs", "channels", "cps", "ports", "store", "transfers", "other"];
/// Limits that keep nothing of the request they refuse or drop.
pub(super) const SIP_LIMITS: [&str; 10] =
    ["overload", "source", "answers", "sources", "ban", "guesses", "streams", "idle", "length", "handshakes"];
/// Why the answer to a challenge was not good.
pub(super) const PHONE_REFUSALS: [&str; 2] = ["credentials", "stale"];
/// Whom phones dial without a plan; the last stands for what is refused.
pub(super) const PHONE_CALLEES: [&str; 4] = ["emergency", "phone", "outside", "refused"];
/// What became of a phone's REGISTER.
pub(super) const REGISTRAR_RESULTS: [&str; 10] = [
    "registered",
    "refreshed",
    "removed",
    "fetched",
    "forbidden",
    "ourselves",
    "malformed",
    "too_brief",
    "out_of_order",
    "extension",
];
/// Why a trunk's peer does not take our credentials.
pub(super) const CREDENTIAL_REFUSALS: [&str; 2] = ["credentials", "realm"];
/// Why a call goes to a trunk's next peer.
pub(super) const FAILOVERS: [&str; 3] = ["refused", "unreachable", "silent"];
/// What became of giving a caller back.
pub(super) const DEFLECTIONS: [&str; 3] = ["redirected", "referred", "refused"];
/// Limits of one trunk.
pub(super) const TRUNK_LIMITS: [&str; 2] = ["channels", "cps"];
/// What a call in progress is doing.
pub(super) const CALL_STATES: [&str; 6] = ["arriving", "in_flow", "queued", "ringing", "bridged", "ending"];
/// Ends of a ring.
pub(super) const RING_ENDS: [&str; 8] = [
    "answered",
    "no_answer",
    "busy",
    "declined",
    "unreachable",
    "cancelled",
    "answered_elsewhere",
    "deflected",
];
/// An SLA's indicators.
pub(super) const INDICATORS: [&str; 2] = ["qs1", "qs2"];
/// An SLA's verdicts.
pub(super) const VERDICTS: [&str; 3] = ["hit", "miss", "ignored"];
