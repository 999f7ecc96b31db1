//! `spillway phones hash`: a line for the phones' users, made of a password that is stored nowhere else.

use crate::base::Secret;
use crate::settings::is_extension;
use crate::signaling::password_digests;
use std::io::{self, BufRead, IsTerminal, Write};
use std::process::{Command, Stdio};

/// A password shorter than this can be found from its digest in no time.
const SHORTEST: usize = 8;

/// What `phones hash` is asked.
#[derive(Debug)]
pub struct HashArgs {
    /// The phone's extension.
    pub extension: String,
    /// The realm of spillway.toml.
    pub realm: String,
    /// Whose phone it is.
    pub name: String,
}

/// Asks for the password, on the terminal without showing it, else reads standard input's first line; prints the line.
/// Returns the exit code: 0 when it was printed, 1 when the password can't be used, 2 when the arguments can't.
#[must_use]
pub fn hash(args: &HashArgs) -> u8 {
    if !is_extension(&args.extension) || args.name.contains([';', ',', '"', '\n']) || args.realm.is_empty() {
        eprintln!(
            "error: an extension is up to 32 digits, letters and . - _ + *; a name has no ; , or quote"
        );
        return 2;
    }
    let password = match read_password() {
        Ok(password) => password,
        Err(error) => {
            eprintln!("error: no password: {error}");
            return 1;
        }
    };
    match line(args, &password) {
        Ok(line) => {
            println!("{line}");
            0
        }
        Err(why) => {
            eprintln!("error: {why}");
            1
        }
    }
}

fn line(args: &HashArgs, password: &str) -> Result<String, String> {
    if password.chars().count() < SHORTEST {
        return Err(format!(
            "a password has at least {SHORTEST} characters: whoever reads a digest can try them all"
        ));
    }
    let [md5, sha256] = password_digests(&args.extension, &args.realm, &Secret::new(password.as_bytes()));
    Ok(format!("{};{};{md5};{sha256}", args.extension, args.name))
}

/// The first line of standard input, which a terminal does not show meanwhile.
fn read_password() -> io::Result<String> {
    let stdin = io::stdin();
    let is_hidden = stdin.is_terminal() && stty("-echo");
    if stdin.is_terminal() {
        eprint!("Password: ");
        io::stderr().flush()?;
    }
    let mut line = String::new();
    let read = stdin.lock().read_line(&mut line);
    if is_hidden {
        stty("echo");
        eprintln!();
    }
    read?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// Asks the terminal to show what is typed or not; says whether it does (POSIX, stty).
fn stty(setting: &str) -> bool {
    let asked = Command::new("stty").arg(setting).stdin(Stdio::inherit()).stderr(Stdio::null()).status();
    asked.is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::finding::{Findings, Source};
    use crate::settings::read_users;

    #[test]
    fn the_line_printed_is_one_the_users_file_takes() {
        let args = HashArgs { extension: "201".into(), realm: "spillway".into(), name: "Nadia".into() };
        let line = line(&args, "correct horse").expect("long enough");
        let text = format!("extension;name;ha1_md5;ha1_sha256\n{line}\n");
        let mut findings = Findings::default();
        let users = read_users(&Source::new("phones.csv", &text), &mut findings);
        assert_eq!(findings.into_sorted(), []);
        let [md5, sha256] = password_digests("201", "spillway", &Secret::new(b"correct horse"));
        let [user] = &users[..] else { panic!("{users:?}") };
        assert_eq!(user.ha1_md5.as_ref().map(Secret::expose), Some(md5.as_bytes()));
        assert_eq!(user.ha1_sha256.as_ref().map(Secret::expose), Some(sha256.as_bytes()));
        assert!(super::line(&args, "short").is_err());
    }
}
