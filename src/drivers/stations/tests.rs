//! Two stations over real loopback sockets.

use super::*;
use crate::endpoint::{Answering, Between, Ending, Happened, Pickup, Side, Voice};

#[test]
fn two_stations_talk_over_loopback_and_hear_each_other() {
    let mut stations = Stations::new().expect("epoll");
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let trunk = stations.open("trunk", any, 2, Random::from_number(1)).expect("ports");
    let ipbx = stations.open("ipbx", any, 2, Random::from_number(2)).expect("ports");
    let talk = Some(Between::exactly(Duration::from_millis(120)));
    let ring = Between::exactly(Duration::from_millis(10));
    stations.station(ipbx).anyone(Pickup::Answer(Answering { ring, talk, voice: Voice::Stamped }));
    for id in [trunk, ipbx] {
        stations.station(id).begin_measuring(1);
    }
    let to = stations.address(ipbx);
    stations.dial(trunk, Dial { voice: Voice::Stamped, ..Dial::new(to, "201", "0601020304") });

    let (mut stories, deadline) = (Vec::new(), stations.now() + Duration::from_secs(5));
    while stories.len() < 2 && stations.now() < deadline {
        for (_, event) in stations.turn(deadline).expect("epoll") {
            if let Happened::Ended(story) = event.happened {
                stories.push(story);
            }
        }
    }
    stories.sort_by_key(|story| story.side == Side::Taken);
    let endings: Vec<Ending> = stories.iter().map(|story| story.ending).collect();
    assert_eq!(endings, [Ending::FarHungUp(crate::base::Cause::Normal), Ending::HungUp]);
    assert!(stories.iter().all(|story| story.first_audio.is_some()));
    let heard = stations.station(trunk).measured().clone();
    assert!(heard.stamped_received >= 3 && heard.lost == 0, "{heard:?}");
    assert!(heard.latency.percentile(50).expect("samples") < Duration::from_millis(20));
}
