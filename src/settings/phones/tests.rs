//! The phones' section and the users' file: what is read, and each way to get it wrong.

use super::*;
use crate::base::finding::{Style, render};
use crate::settings::{Settings, load};

const SHIPPED: &str = include_str!("../../../config/spillway.toml");
const MD5: &str = "0123456789abcdef0123456789ABCDEF";

fn with(section: &str) -> String {
    format!("{SHIPPED}\n[phones]\nrealm = \"spillway\"\nusers = {{ file = \"phones.csv\" }}\n{section}")
}

fn loaded(section: &str) -> (Settings, Vec<String>) {
    match load(&Source::new("config/spillway.toml", &with(section))) {
        Ok((settings, warnings)) => {
            (settings, warnings.into_iter().map(|warning| warning.words.message).collect())
        }
        Err(findings) => panic!("{}", render(&findings, Style::Plain)),
    }
}

fn refused(text: &str) -> Vec<String> {
    let findings = load(&Source::new("spillway.toml", text)).expect_err("refused");
    let errors = findings.into_iter().filter(|finding| finding.is_error());
    errors.map(|finding| finding.words.message).collect()
}

fn users(text: &str) -> (Vec<PhoneUser>, Vec<(u32, String)>, String) {
    let mut findings = Findings::default();
    let users = read_users(&Source::new("phones.csv", text), &mut findings);
    let findings = findings.into_sorted();
    let shown = render(&findings, Style::Plain);
    let told = findings.into_iter().map(|finding| (finding.position().0, finding.words.message)).collect();
    (users, told, shown)
}

#[test]
fn the_section_is_read_with_its_defaults() {
    let (settings, warnings) =
        loaded("emergency = \"operateur\"\noutside = \"operateur\"\ncaller = \"+33384961370\"\n");
    let phones = settings.phones.expect("written");
    assert_eq!(warnings, Vec::<String>::new());
    assert_eq!(phones.line, TrunkId(2));
    assert_eq!(phones.users.value, PathBuf::from("config/phones.csv"));
    assert_eq!((phones.expires_min.as_secs(), phones.expires_max.as_secs()), (60, 3_600));
    assert_eq!((phones.emergency, phones.outside), (Some(TrunkId(0)), Some(TrunkId(0))));
    assert_eq!(phones.caller.as_deref(), Some("+33384961370"));
    let (settings, warnings) = loaded("expires = { min = \"2m\", max = \"10m\" }\n");
    let phones = settings.phones.expect("written");
    assert_eq!((phones.expires_min.as_secs(), phones.expires_max.as_secs()), (120, 600));
    assert_eq!(warnings, ["phones register here and `emergency` names no trunk"]);
}

#[test]
fn wrong_values_are_told() {
    for (section, message) in [
        ("emergency = \"operatuer\"\n", "there is no trunk `operatuer`"),
        ("outside = \"nowhere\"\n", "there is no trunk `nowhere`"),
        ("caller = \"Zoé\"\n", "\"Zoé\" is no number to call from"),
        ("expires = { min = \"30s\" }\n", "a registration lasts a minute or more"),
        ("expires = { min = \"2h\", max = \"3h\" }\n", "the shortest registration is an hour or less"),
        ("expires = { max = \"59s\" }\n", "the longest registration lies between the shortest and a day"),
    ] {
        assert_eq!(refused(&with(section)), [message], "{section}");
    }
    assert_eq!(
        refused(&with("").replace("realm = \"spillway\"", "realm = \"a\\\"b\"")),
        ["\"a\\\"b\" is no realm".replace("\\\"b", "\"b")]
    );
    assert_eq!(
        refused(&with("").replace("[trunk.ipoffice]", "[trunk.phones]")),
        ["no trunk can be called `phones`"]
    );
}

#[test]
fn users_are_read_with_either_separator() {
    let sha256 = "ab".repeat(32);
    for separator in [";", ","] {
        let text = format!(
            "extension;name;ha1_md5;ha1_sha256\r\n201;\"Nadia\";{MD5};{sha256}\r\n# out of use\r\n\r\n202;Zoé;;{sha256}\n"
        );
        let (users, told, _) = users(&text.replace(';', separator));
        assert_eq!(told, []);
        let [nadia, zoe] = &users[..] else { panic!("{users:?}") };
        assert_eq!((&*nadia.extension, &*nadia.name), ("201", "Nadia"));
        let md5 = nadia.ha1_md5.as_ref().expect("written").expose();
        assert_eq!(md5, MD5.to_ascii_lowercase().as_bytes());
        assert!(zoe.ha1_md5.is_none() && zoe.ha1_sha256.is_some());
        assert!(!format!("{users:?}").contains("abab"));
    }
}

#[test]
fn a_bad_line_is_told_with_its_number_and_no_digest() {
    let text = format!(
        "extension;name;ha1_md5;ha1_sha256\n201;Nadia;{MD5};\n2 02;Zoé;{MD5};\n201;Marc;{MD5};\n203;Léa;;\n204;Ali;{MD5}0;\n"
    );
    let (read, told, shown) = users(&text);
    assert_eq!(
        told,
        [
            (3, "\"2 02\" is no extension".into()),
            (4, "extension 201 stands in the file twice".into()),
            (5, "phone 203 has no password digest".into()),
            (6, "a password digest has 32 hexadecimal digits here".into()),
        ]
    );
    assert_eq!(read.len(), 3);
    assert!(!shown.contains("0123456789"), "{shown}");
    for text in ["", "201;Nadia;x;\n", "extension;name\n201;Nadia\n"] {
        assert_eq!(users(text).1[0].1, "a users' file begins with a line of column names", "{text}");
    }
    let (_, told, _) = users("extension;ha1_md5\n");
    assert_eq!(told[0].1, "there is no phone in this file");
}
