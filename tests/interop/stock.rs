//! SIPp's scenarios as everybody has them, `-sn uac` and `-sn uas`: the first program most people ever point at a SIP service.

use crate::call_stage::serve;
use crate::machine::in_real_time;
use crate::place::{CALLERS, PBX, Place};
use crate::sipp::{BINDS_WITHIN, Sipp, stock};
use std::thread::sleep;
use std::time::Duration;

const ENDS_WITHIN: Duration = Duration::from_secs(20);
const CALLS: usize = 10;

#[test]
fn the_stock_scenarios_call_each_other_through_the_service() {
    in_real_time(|| {
        let place = Place::new();
        place.prompt("choix", 900.0, 8.0);
        place.prompt("rappelez", 200.0, 0.5);
        let service = serve(&place);
        let mut players =
            vec![stock(&place, PBX, "udp", None, CALLS), stock(&place, PBX + 1, "tcp", None, CALLS)];
        sleep(BINDS_WITHIN);
        players.push(stock(&place, CALLERS, "udp", Some("0384961371"), CALLS));
        players.push(stock(&place, CALLERS, "tcp", Some("0384961381"), CALLS));
        let played: Vec<_> = players.iter_mut().map(|player| player.succeeds(ENDS_WITHIN)).collect();
        let told = || players.iter().map(Sipp::messages).collect::<String>();
        assert!(!played.contains(&false), "played to their end: {played:?}\n{}", told());
        service.records(2 * CALLS, ENDS_WITHIN);
        assert_eq!(service.sql("SELECT DISTINCT outcome FROM calls"), "routed_answered");
        assert_eq!(service.metric("spillway_faults_total", &[]), 0.0, "{}", service.process.said());
    });
}
