//! All sites at once: form, names, meaning, whole. Everything wrong is told together; a plan comes only when nothing is.

use super::check;
use super::files::Files;
use super::graph::Graph;
use super::ids::Ids;
use super::plan::{Destination, Plan};
use super::read::{self, Reading, SiteReading, Sounds};
use super::scope::{Counts, Scope};
use super::{keys, wording};
use crate::base::finding::{Finding, Findings, Place, Source};
use crate::base::written::{self, Document};
use crate::base::{Name, SiteId, TrunkId, limits};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write;

/// What a dialplan must know of the machine.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Trunks of spillway.toml.
    pub trunks: Vec<(Name, TrunkId)>,
}

/// Reads and checks every site.
///
/// # Errors
/// Everything wrong with any of them at once, when anything is; warnings come beside the plan.
pub fn load(
    sources: &[Source],
    files: &dyn Files,
    known: &Known,
    ids: &mut Ids,
) -> Result<(Plan, Vec<Finding>), Vec<Finding>> {
    let mut reading = Reading {
        plan: Plan::default(),
        graph: Graph::default(),
        files,
        known,
        ids: ids.clone(),
        findings: Findings::default(),
        numbers: BTreeMap::new(),
        rung: Vec::new(),
    };
    let mut counts = Counts::default();
    let mut whole = Vec::with_capacity(sources.len());
    for (index, source) in sources.iter().enumerate() {
        let place = Place { source: source.clone(), span: 0..0 };
        if source.text().len() > limits::DIALPLAN_BYTES {
            reading.findings.error(&place, wording::too_large(limits::DIALPLAN_BYTES));
            continue;
        }
        if sources[..index].iter().any(|other| other.stem() == source.stem()) {
            reading.findings.error(&place, wording::duplicate_site(source.stem()));
        }
        let document = written::read(source, &keys::ROOT, &mut reading.findings);
        whole.push(read_site(source, &document, &mut reading, &mut counts));
    }
    read::own_numbers_as_targets(&mut reading);
    let is_whole = |site: SiteId| whole.get(site.index()).copied().unwrap_or(false);
    check::check(&reading.graph, &is_whole, &mut reading.findings);
    check::queues(&reading.plan.queues, &reading.graph, &mut reading.findings);
    if reading.findings.any_error() {
        return Err(reading.findings.into_sorted());
    }
    let Reading { mut plan, ids: grown, findings, .. } = reading;
    plan.agents.resize_with(grown.agents(), || None);
    plan.queues.resize_with(grown.queues(), || None);
    plan.digest = digest(sources, &plan, files);
    *ids = grown;
    Ok((plan, findings.into_sorted()))
}

/// Reads one site; says whether all its ways are known.
fn read_site(
    source: &Source,
    document: &Document<'_>,
    reading: &mut Reading<'_>,
    counts: &mut Counts,
) -> bool {
    let root = document.root();
    let (site, zone) = read::site(&root, source.stem(), &mut reading.findings);
    let id = SiteId(u32::try_from(reading.plan.sites.len()).unwrap_or(u32::MAX));
    let (name, country) = (site.id.clone(), site.country.clone());
    reading.plan.sites.push(site);
    let ids = &mut reading.ids;
    let mut queue_id = |queue: &str| Destination::Queue(ids.queue(&name, &queue.into()));
    let scope = Scope::gather(&root, id, document.broken, &mut queue_id, counts, &mut reading.findings);
    let sounds = Sounds::default();
    let mut site = SiteReading { to: reading, source, root, scope, country, zone, sounds };
    site.read();
    site.scope.hidden |= document.malformed;
    !site.scope.hidden
}

/// Digest of what the plan was compiled from: every source, and which sounds of what length.
fn digest(sources: &[Source], plan: &Plan, files: &dyn Files) -> Name {
    let mut hash = Sha256::new();
    for source in sources {
        hash.update((source.text().len() as u64).to_le_bytes());
        hash.update(source.stem());
        hash.update(source.text());
    }
    let prompts = plan.prompts.iter().map(|prompt| &prompt.file);
    for path in prompts.chain(plan.music.iter().flat_map(|music| &music.files)) {
        hash.update(format!("{:?} {:?}", path.file_name(), files.sound(path)));
    }
    let mut text = String::with_capacity(64);
    for byte in hash.finalize() {
        write!(text, "{byte:02x}").expect("a string takes any text");
    }
    text.into()
}
