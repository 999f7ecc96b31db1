//! The server's /metrics, asked the way Prometheus does. Must never know what the figures are for.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(5);
const TRIES: usize = 3;

/// The metrics page; a server too busy to answer is asked again.
pub fn page(server: SocketAddr) -> io::Result<String> {
    let ask = || get(server, "/metrics").map(|(_, page)| page);
    (1..TRIES).find_map(|_| ask().ok()).map_or_else(ask, Ok)
}

/// The status code and the body of `path`.
pub fn get(server: SocketAddr, path: &str) -> io::Result<(u16, String)> {
    let mut stream = TcpStream::connect_timeout(&server, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {server}\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let code = answer.split(' ').nth(1).and_then(|code| code.parse().ok());
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    Ok((code.ok_or(io::ErrorKind::InvalidData)?, body.into()))
}

/// The sum of a metric's series, whatever their labels.
pub fn sum(page: &str, metric: &str) -> f64 {
    let values = page.lines().filter_map(|line| {
        let rest = line.strip_prefix(metric)?;
        if !rest.starts_with(['{', ' ']) {
            return None;
        }
        rest.rsplit(' ').next()?.parse::<f64>().ok()
    });
    values.sum()
}
