//! Folders as people leave them: no site vanishes without a word.

use super::*;
use std::fs;
use std::os::unix::fs::symlink;
use tempfile::TempDir;

/// A folder with the demo's site, a good one.
fn with_a_good_site() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("dialplans/demo");
    symlink(demo, folder.path().join("demo")).expect("linked");
    folder
}

/// What is wrong in a folder: `path from the folder: message`, and the hint.
fn wrong(folder: &TempDir) -> Vec<(String, String)> {
    let trunks = ["operateur", "ipoffice"].map(Name::from).into_iter().zip(0..);
    let known = Known { trunks: trunks.map(|(name, id)| (name, TrunkId(id))).collect() };
    let sites = Located { value: folder.path().to_owned(), place: whole(folder.path()) };
    let findings = match read_sites(&sites, &known, &mut Ids::default()) {
        Ok((_, warnings)) => warnings,
        Err(findings) => findings,
    };
    let root = folder.path().display().to_string();
    let said = findings.into_iter().map(|finding| {
        let path = finding.source.path().trim_start_matches(&root).trim_start_matches('/').to_owned();
        (format!("{path}: {}", finding.words.message), finding.words.hint.unwrap_or_default())
    });
    said.collect()
}

fn link_to_itself(path: &Path) {
    symlink(path, path).expect("linked");
}

fn pipe(path: &Path) {
    let made = std::process::Command::new("mkfifo").arg(path).status().expect("coreutils are there");
    assert!(made.success());
}

fn messages(folder: &TempDir) -> Vec<String> {
    wrong(folder).into_iter().map(|(message, _)| message).collect()
}

#[test]
fn a_site_that_can_not_be_opened_is_told_beside_a_good_one() {
    let folder = with_a_good_site();
    assert_eq!(messages(&folder), [""; 0]);
    let lost = folder.path().join("lost");
    fs::create_dir(&lost).expect("made");
    symlink("/nowhere/lost.toml", lost.join("lost.toml")).expect("linked");
    assert_eq!(messages(&folder), ["lost/lost.toml: this file can't be read: No such file or directory"]);
}

#[test]
fn a_folder_without_its_file_is_told_and_one_that_begins_with_a_dot_is_left_alone() {
    let folder = with_a_good_site();
    fs::create_dir_all(folder.path().join("lost/messages")).expect("made");
    fs::create_dir_all(folder.path().join(".git/hooks")).expect("made");
    symlink("someone@elsewhere.1:2", folder.path().join(".#demo.toml")).expect("linked");
    assert_eq!(messages(&folder), ["lost: this folder is no site: there is no lost.toml in it"]);
}

#[test]
fn a_name_in_capitals_is_told_with_the_right_one() {
    let folder = with_a_good_site();
    fs::create_dir(folder.path().join("lost")).expect("made");
    fs::write(folder.path().join("lost/lost.TOML"), "").expect("written");
    fs::write(folder.path().join("other.Toml"), "").expect("written");
    let told = wrong(&folder);
    assert_eq!(told[0].0, "lost: this folder is no site: there is no lost.toml in it");
    assert_eq!(told[0].1, "rename lost.TOML to lost.toml");
    assert_eq!(told[1].0, "other.Toml: this is read as no site: its name does not end in .toml");
    assert_eq!(told[1].1, "rename it to other.toml");
}

#[test]
fn the_only_site_is_told_by_its_path_whatever_keeps_it_from_being_read() {
    for (why, make) in [
        ("Too many levels of symbolic links", link_to_itself as fn(&Path)),
        ("it is a folder", |path| fs::create_dir(path).expect("made")),
        ("it is a pipe, a socket or a device, not a file", pipe),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("demo")).expect("made");
        make(&folder.path().join("demo/demo.toml"));
        let said = messages(&folder);
        assert_eq!(said, [format!("demo/demo.toml: this file can't be read: {why}")]);
    }
}

#[test]
fn a_folder_with_a_dot_in_its_name_is_a_site_like_any_other() {
    let folder = with_a_good_site();
    fs::create_dir(folder.path().join("agence.metz")).expect("made");
    fs::write(folder.path().join("agence.metz/agence.metz.toml"), "version = 1").expect("written");
    assert_eq!(messages(&folder), ["agence.metz/agence.metz.toml: `site` is missing"]);
}

#[test]
fn a_sound_that_is_a_pipe_is_refused_unopened() {
    let folder = tempfile::tempdir().expect("a folder");
    let sound = folder.path().join("bienvenue.wav");
    pipe(&sound);
    let SoundFile::Unreadable(why) = Disk::default().sound(&sound) else { panic!("no sound") };
    assert!(why.contains("not a file"), "{why}");
}

#[test]
fn a_site_saved_in_latin_1_is_told_with_its_place_and_its_other_faults() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = b"version = 1\n[site]\nname = \"D\xe9p\xf4t\"\ntimezone = \"Europe/Pari\"\ncountry = \"FR\"\n";
    fs::write(folder.path().join("a.toml"), text).expect("written");
    let told = wrong(&folder);
    assert_eq!(told[0].0, "a.toml: this file can't be read: byte 0xE9 is not UTF-8");
    assert_eq!(told[1].0, "a.toml: no time zone \"Europe/Pari\"");
    assert_eq!(told.len(), 2);
}

#[test]
fn settings_saved_in_latin_1_are_refused_with_the_place() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("spillway.toml");
    let mut bytes = include_bytes!("../../../config/spillway.toml").to_vec();
    bytes.extend(b"# l'\xe9t\xe9\n");
    fs::write(&config, bytes).expect("written");
    let Err(ConfigurationError::Refused(findings)) = read(&config, &mut Ids::default()) else {
        panic!("refused");
    };
    let shipped = include_str!("../../../config/spillway.toml").lines().count();
    let (line, column) = findings[0].position();
    assert_eq!((line as usize, column), (shipped + 1, 5), "{findings:?}");
}

#[test]
fn settings_that_are_a_pipe_are_refused_unopened() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("spillway.toml");
    pipe(&config);
    let refused = read(&config, &mut Ids::default()).expect_err("refused").to_string();
    assert!(refused.contains("not a file"), "{refused}");
}
