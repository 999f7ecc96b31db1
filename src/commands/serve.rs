//! `spillway serve`: reads the files, opens the service, and serves until a signal asks it to stop.

use super::check;
use crate::base::finding::Place;
use crate::base::finding::{Finding, Severity, Words};
use crate::dialplan::Ids;
use crate::drivers::certificates::Certificates;
use crate::drivers::console::ConsoleError;
use crate::drivers::dialplan_files::{self, Configuration, ConfigurationError};
use crate::drivers::logs::{self, LogFormat};
use crate::drivers::sockets::SocketError;
use crate::drivers::{open_files, signals};
use crate::server::{self, Request, ServeError, Server, Service};
use crate::settings::Settings;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::Arc;

/// What `serve` is asked.
#[derive(Debug)]
pub struct ServeArgs {
    /// The settings file.
    pub config: PathBuf,
    /// How log lines look.
    pub logs: LogFormat,
    /// Which log lines are written.
    pub log_filter: String,
}

/// Serves, and returns the exit code: 0 after a stop that was asked for, 1 when the files are refused or the service
/// can't be opened, 2 when the settings file or the arguments can't be read.
#[must_use]
pub fn run(args: &ServeArgs) -> u8 {
    let configuration = match dialplan_files::read(&args.config, &mut Ids::default()) {
        Ok(configuration) => configuration,
        Err(ConfigurationError::Refused(findings)) => {
            check::print(&findings);
            return 1;
        }
        Err(error @ ConfigurationError::Unreadable { .. }) => {
            eprintln!("error: {error}");
            return 2;
        }
    };
    let certificates = match Certificates::read(&configuration.settings) {
        Ok(certificates) => certificates,
        Err(findings) => {
            check::print(&findings);
            return 1;
        }
    };
    if let Err(error) = logs::start(args.logs, &args.log_filter) {
        eprintln!("error: {error}");
        return 2;
    }
    check::print(&configuration.warnings);
    let settings = configuration.settings.clone();
    match serve(configuration, certificates) {
        Ok(()) => 0,
        Err(error) => {
            match place(&settings, &error) {
                Some(place) => check::print(&[at(place, &error)]),
                None => eprintln!("error: {error}"),
            }
            1
        }
    }
}

fn serve(configuration: Configuration, certificates: Certificates) -> Result<(), ServeError> {
    let Configuration { settings, plan, passwords, phones, .. } = configuration;
    let sounds = server::load(&plan, |path| std::fs::read(path))?;
    let usual = Service::new(&settings, Arc::new(plan), sounds);
    let service = Service { passwords, phone_users: phones, certificates, ..usual };
    open_files::raise_limit();
    let server = Server::open(service)?;
    let handle = server.handle();
    // The first signal lets running calls end; a second one ends them.
    signals::on_stop(move |times| handle.ask(if times == 1 { Request::Drain } else { Request::End }))?;
    server.run()
}

/// The line of spillway.toml an error is about.
fn place<'a>(settings: &'a Settings, error: &ServeError) -> Option<&'a Place> {
    match error {
        ServeError::Socket(SocketError::Listen { transport, address, .. }) => settings
            .sip
            .listen
            .iter()
            .find(|listen| listen.value.transport == *transport && listen.value.address == *address)
            .map(|listen| &listen.place),
        ServeError::Wildcard { listen, .. } => {
            settings.sip.listen.iter().find(|own| own.value == *listen).map(|own| &own.place)
        }
        ServeError::NoWay { trunk, .. } | ServeError::OwnPeer { trunk } => {
            settings.trunk(trunk).map(|trunk| &trunk.peer.place)
        }
        ServeError::MediaAddress { trunk, .. } | ServeError::AudioEverywhere { trunk, .. } => {
            settings.trunk(trunk)?.own.media.as_ref().map(|media| &media.place)
        }
        ServeError::MediaAddresses { .. } => settings.sip.listen.first().map(|listen| &listen.place),
        ServeError::Console(ConsoleError::Listen { .. }) => settings.http.as_ref().map(|http| &http.place),
        ServeError::Control(_) => Some(&settings.control.place),
        ServeError::Store(_) => Some(&settings.data.place),
        ServeError::Socket(SocketError::Poll(_))
        | ServeError::Console(ConsoleError::Start { .. })
        | ServeError::Sound { .. }
        | ServeError::System(_)
        | ServeError::MediaThread(_) => None,
    }
}

fn at(place: &Place, error: &ServeError) -> Finding {
    let label = match error {
        ServeError::Socket(SocketError::Listen { source, .. })
        | ServeError::Console(ConsoleError::Listen { source, .. })
        | ServeError::MediaAddress { source, .. } => why_not_listen(source.kind()),
        ServeError::Socket(_)
        | ServeError::Wildcard { .. }
        | ServeError::NoWay { .. }
        | ServeError::OwnPeer { .. }
        | ServeError::AudioEverywhere { .. }
        | ServeError::MediaAddresses { .. }
        | ServeError::Console(_)
        | ServeError::Control(_)
        | ServeError::Store(_)
        | ServeError::Sound { .. }
        | ServeError::System(_)
        | ServeError::MediaThread(_) => "",
    };
    Finding {
        severity: Severity::Error,
        source: place.source.clone(),
        span: place.span.clone(),
        words: Words::new(error.to_string(), label),
        related: None,
    }
}

fn why_not_listen(kind: ErrorKind) -> &'static str {
    let reasons = [
        (ErrorKind::AddrInUse, "another program listens there"),
        (ErrorKind::AddrNotAvailable, "not an address of this machine"),
        (ErrorKind::PermissionDenied, "not allowed to this user"),
    ];
    reasons.iter().find(|(known, _)| *known == kind).map_or("", |(_, words)| words)
}
