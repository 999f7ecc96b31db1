//! From a site's TOML to a `Plan`, for stories that need no files beside it: prompts and music exist by being named.
//! Knows only what stories write; what is right or wrong in a dialplan is the loader's business.

use spillway::base::phone::Country;
use spillway::base::{
    AgentId, FlowId, HoursId, MenuId, MessageId, MusicId, Name, PromptId, QueueId, SiteId, SlaId, TargetId, TrunkId,
};
use spillway::dialplan::{
    Action, Agent, AtClose, Clock, Condition, Destination, Flow, Full, Hours, Language, Menu, Message, Music, Number,
    Overflow, Plan, Prompt, Qs1, Queue, Site, Sla, Step, Strategy, Target, WhileRinging,
};
use std::collections::BTreeMap;
use std::time::Duration;
use toml::{Table, Value};

/// The trunks every story has: the public network and the IPBX the agents sit behind.
pub const TRUNKS: [&str; 2] = ["operateur", "ipoffice"];

/// The plan a site's TOML describes.
///
/// # Panics
/// When the story's TOML is wrong.
pub fn plan(site: &str) -> Plan {
    let file = File { root: toml::from_str(site).expect("the story's site is TOML") };
    let mut agents = Agents::default();
    let queues = file.each("queue", |name, queue| Some(file.queue(name, queue, &mut agents)));
    let country = Country::by_id("FR").expect("France is known");
    let numbers = file.each("number", |name, number| {
        let flow = FlowId(file.index("flow", text(number, "flow")));
        (country.read(name), Number { name: name.into(), site: SiteId(0), flow })
    });
    Plan {
        digest: "story".into(),
        numbers: numbers.into_iter().collect(),
        sites: vec![Site { id: "site".into(), name: "Site".into(), country, language: Language::French }],
        flows: file.each("flow", |name, flow| Flow { name: name.into(), steps: file.steps(flow) }),
        menus: file.each("menu", |name, menu| file.menu(name, menu)),
        queues,
        targets: file.each("target", |name, target| file.target(name, target)),
        messages: file
            .each("message", |name, it| Message { name: name.into(), play: file.prompt(text(it, "play")) }),
        hours: file.each("hours", |name, _| Hours { name: name.into() }),
        prompts: file.each("prompts", |name, _| Prompt { name: name.into(), file: format!("{name}.wav").into() }),
        music: file.each("music", |name, _| Music { name: name.into(), files: vec![format!("{name}.wav").into()] }),
        agents: agents.known.into_iter().map(Some).collect(),
        slas: file.each("sla", sla),
    }
}

struct File {
    root: Table,
}

#[derive(Default)]
struct Agents {
    known: Vec<Agent>,
}

impl Agents {
    fn id(&mut self, name: &str, extension: &str) -> AgentId {
        let found = self.known.iter().position(|agent| &*agent.extension == extension);
        let index = found.unwrap_or_else(|| {
            let via = TrunkId(1);
            self.known.push(Agent { name: name.into(), via, extension: extension.into() });
            self.known.len() - 1
        });
        AgentId(u32::try_from(index).expect("a story has few agents"))
    }
}

impl File {
    fn each<T>(&self, kind: &str, mut make: impl FnMut(&str, &Value) -> T) -> Vec<T> {
        let Some(Value::Table(table)) = self.root.get(kind) else { return Vec::new() };
        table.iter().map(|(name, value)| make(name, value)).collect()
    }

    fn find(&self, kind: &str, name: &str) -> Option<u32> {
        let table = self.root.get(kind)?.as_table()?;
        table.keys().position(|key| key == name).map(|index| u32::try_from(index).expect("few names"))
    }

    fn index(&self, kind: &str, name: &str) -> u32 {
        self.find(kind, name).unwrap_or_else(|| panic!("the story has no {kind} « {name} »"))
    }

    fn prompt(&self, name: &str) -> PromptId {
        PromptId(self.index("prompts", name))
    }

    fn destination(&self, name: &str) -> Destination {
        let kinds: [(&str, fn(u32) -> Destination); 5] = [
            ("flow", |id| Destination::Flow(FlowId(id))),
            ("menu", |id| Destination::Menu(MenuId(id))),
            ("queue", |id| Destination::Queue(QueueId(id))),
            ("target", |id| Destination::Target(TargetId(id))),
            ("message", |id| Destination::Message(MessageId(id))),
        ];
        let found = kinds.iter().find_map(|(kind, make)| self.find(kind, name).map(make));
        found.unwrap_or_else(|| panic!("the story has no destination « {name} »"))
    }

    fn steps(&self, flow: &Value) -> Vec<Step> {
        let steps = flow["steps"].as_array().expect("steps is a list");
        steps
            .iter()
            .map(|step| {
                let hours = |key| step.get(key).map(|name| HoursId(self.index("hours", name.as_str().expect("a name"))));
                let open = hours("open").map(Condition::Open);
                let when = open.into_iter().chain(hours("closed").map(Condition::Closed)).collect();
                let action = match step.get("play") {
                    Some(prompt) => Action::Play(self.prompt(prompt.as_str().expect("a name"))),
                    None => Action::Go(self.destination(text(step, "go"))),
                };
                Step { when, action }
            })
            .collect()
    }

    fn menu(&self, name: &str, menu: &Value) -> Menu {
        let table = menu.as_table().expect("a menu is a table");
        let key = |(key, to): (&String, &Value)| match key.chars().next() {
            Some(digit) if key.len() == 1 => Some((digit, self.destination(to.as_str().expect("a name")))),
            Some(_) | None => None,
        };
        Menu {
            name: name.into(),
            say: self.prompt(text(menu, "say")),
            wait: duration(menu, "wait", 5),
            tries: number(menu, "tries").unwrap_or(2),
            keys: table.iter().filter_map(key).collect::<BTreeMap<_, _>>(),
            otherwise: self.destination(text(menu, "else")),
        }
    }

    fn queue(&self, name: &str, queue: &Value, agents: &mut Agents) -> Queue {
        let to = |value: &Value, key| self.destination(text(value, key));
        let entry = |entry: &Value| Overflow { after: duration(entry, "after", 0), to: to(entry, "to") };
        let full = |full: &Value| Full { length: number(full, "length").expect("a length"), to: to(full, "to") };
        let people = queue["agents"].as_table().expect("agents is a table");
        Queue {
            name: name.into(),
            site: SiteId(0),
            agents: people.iter().map(|(name, extension)| agents.id(name, &extension.to_string())).collect(),
            strategy: match queue.get("strategy").and_then(Value::as_str) {
                Some("ring-all") => Strategy::RingAll,
                Some(_) | None => Strategy::LongestIdle,
            },
            ring: duration(queue, "ring", 15),
            wrap_up: duration(queue, "wrap_up", 0),
            music: queue.get("hold").map(|hold| MusicId(self.index("music", text(hold, "music")))),
            overflow: queue["overflow"].as_array().expect("overflow is a list").iter().map(entry).collect(),
            full: queue.get("full").map(full),
            nobody: queue.get("nobody").map(|_| to(queue, "nobody")),
            at_close: match queue.get("at_close") {
                Some(at) if at.is_table() => {
                    AtClose::Leave(HoursId(self.index("hours", text(at, "hours"))), to(at, "to"))
                }
                Some(_) | None => AtClose::Serve,
            },
            while_ringing: match queue.get("while_ringing").and_then(Value::as_str) {
                Some("finish") => WhileRinging::Finish,
                Some(_) | None => WhileRinging::Cancel,
            },
            sla: self.sla(queue),
        }
    }

    fn target(&self, name: &str, target: &Value) -> Target {
        let country = Country::by_id("FR").expect("France is known");
        Target {
            name: name.into(),
            site: SiteId(0),
            number: country.read(text(target, "number")),
            via: TrunkId(0),
            ring: duration(target, "ring", 30),
            otherwise: self.destination(text(target, "else")),
            sla: self.sla(target),
        }
    }

    fn sla(&self, judged: &Value) -> Option<SlaId> {
        judged.get("sla").map(|_| SlaId(self.index("sla", text(judged, "sla"))))
    }
}

fn sla(name: &str, sla: &Value) -> Sla {
    let percent = |value: &Value| value["above"].as_integer().map(|above| f64::from(u8::try_from(above).expect("%")));
    Sla {
        name: Name::from(name),
        clock: match text(sla, "clock") {
            "arrival" => Clock::Arrival,
            "answer" => Clock::Answer,
            "handover" => Clock::Handover,
            _ => Clock::Queue,
        },
        qs1: sla.get("qs1").map(|qs1| Qs1 {
            under: duration(qs1, "answered_under", 40),
            above: percent(qs1).expect("above is a percentage"),
        }),
        qs2_above: sla.get("qs2").and_then(percent),
        ignore_hangup_under: sla.get("ignore").map_or(Duration::from_secs(5), |it| duration(it, "hangup_under", 5)),
    }
}

fn text<'a>(table: &'a Value, key: &str) -> &'a str {
    table.get(key).and_then(Value::as_str).unwrap_or_else(|| panic!("« {key} » is missing in {table}"))
}

fn number(table: &Value, key: &str) -> Option<u32> {
    table.get(key)?.as_integer().and_then(|number| u32::try_from(number).ok())
}

fn duration(table: &Value, key: &str, default_s: u64) -> Duration {
    let Some(written) = table.get(key).and_then(Value::as_str) else { return Duration::from_secs(default_s) };
    let (digits, unit) = written.split_at(written.find(|c: char| !c.is_ascii_digit()).unwrap_or(written.len()));
    let count: u64 = digits.parse().expect("a duration begins with digits");
    match unit {
        "ms" => Duration::from_millis(count),
        "m" => Duration::from_secs(60 * count),
        _ => Duration::from_secs(count),
    }
}
