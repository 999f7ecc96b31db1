//! The console over real loopback sockets.

use super::*;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

fn any_port() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

fn get(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("listening");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("answered");
    answer
}

#[test]
fn it_says_how_the_service_is_and_nothing_else() {
    let sign = ReadinessSign::default();
    let console = Console::bind(any_port()).expect("a port");
    let http = console.start(sign.clone(), || "spillway_calls 1\n".to_owned()).expect("starts");
    let address = http.address();
    assert!(get(address, "/livez").starts_with("HTTP/1.1 200"));
    assert!(get(address, "/readyz").starts_with("HTTP/1.1 503"), "not before the engine says so");
    sign.set(Readiness::Ready);
    assert!(get(address, "/readyz").starts_with("HTTP/1.1 200"));
    sign.set(Readiness::Draining);
    let draining = get(address, "/readyz");
    assert!(draining.starts_with("HTTP/1.1 503") && draining.ends_with("draining\n"), "{draining}");
    let page = get(address, "/metrics");
    assert!(
        page.contains("content-type: text/plain; version=0.0.4") && page.ends_with("spillway_calls 1\n"),
        "{page}"
    );
    assert!(get(address, "/").starts_with("HTTP/1.1 404"));
    assert!(get(address, "/metrics/../etc/passwd").starts_with("HTTP/1.1 404"));
    drop(http);
    assert!(TcpStream::connect(address).is_err(), "the port is given back");
}

#[test]
fn an_address_in_use_is_named() {
    let first = Console::bind(any_port()).expect("a port");
    let refused = Console::bind(first.address()).expect_err("taken");
    assert!(matches!(refused, ConsoleError::Listen { address, .. } if address == first.address()));
    assert!(refused.to_string().contains(&first.address().to_string()), "{refused}");
}

#[test]
fn a_silent_visitor_gives_up_its_place() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let listener = TcpListener::bind(any_port()).expect("a port");
    listener.set_nonblocking(true).expect("can wait");
    let address = listener.local_addr().expect("bound");
    let (stop, stopped) = oneshot::channel::<()>();
    let server = std::thread::spawn(move || {
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
            let doorway = Doorway::with_limits(listener, 1, Duration::from_millis(50));
            let routes = routes(ReadinessSign::default(), String::new);
            tokio::select! {
                served = async { axum::serve(doorway, routes).await } => served.expect("serves"),
                _ = stopped => {}
            }
        });
    });
    let mut silent = TcpStream::connect(address).expect("the only place");
    assert!(get(address, "/livez").starts_with("HTTP/1.1 200"), "served once the silent one is gone");
    assert_eq!(silent.read(&mut [0; 1]).expect("closed in good order"), 0);
    drop(stop);
    server.join().expect("ends");
}
