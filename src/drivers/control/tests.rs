//! The control socket on a real file system.

use super::*;
use crate::base::{CallId, Cause, JournalSeq, Now};
use crate::call::{Entry, Fact, Subject};
use std::fs;
use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
use std::os::unix::net::UnixListener;

fn serve_one(control: Control, answer: impl Fn(Command) -> Answer + Send + 'static) -> JoinHandle<Control> {
    std::thread::spawn(move || {
        let request = control.requests.recv_timeout(CONTROL_WAIT).expect("a request");
        let command = request.command.clone();
        request.answer(answer(command));
        control
    })
}

#[test]
fn a_question_gets_the_engines_answer_and_the_file_goes_when_the_service_does() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("data/control.sock");
    let (woken, wakes) = crossbeam_channel::unbounded();
    let control = Control::open(&path, move || woken.send(()).expect("somebody counts")).expect("opens");
    let found = fs::symlink_metadata(&path).expect("there");
    assert!(found.file_type().is_socket());
    assert_eq!(found.permissions().mode() & 0o777, 0o600, "its owner's alone");
    assert_eq!(
        fs::read_dir(path.parent().expect("a folder")).expect("a folder").count(),
        1,
        "nothing else is left"
    );

    let status = Status { version: "9".into(), uptime_s: 3, ..Status::default() };
    let answer = Answer::Status(Box::new(status));
    let expected = answer.clone();
    let engine = serve_one(control, move |command| {
        assert_eq!(command, Command::Status);
        answer.clone()
    });
    assert_eq!(ask(&path, &Command::Status).expect("an answer"), expected);
    assert_eq!(wakes.len(), 1);
    drop(engine.join().expect("ends"));
    assert!(!path.exists());
    assert!(matches!(ask(&path, &Command::Status), Err(ControlError::NotRunning { .. })));
}

#[test]
fn who_says_nothing_keeps_nobody_waiting_until_there_are_too_many() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("control.sock");
    let control = Control::open(&path, || {}).expect("opens");
    let silent = |_| UnixStream::connect(&path).expect("open");
    let mut idle: Vec<_> = (1..CONTROL_VISITORS).map(silent).collect();
    let answer = Answer::Status(Box::default());
    let expected = answer.clone();
    let engine = serve_one(control, move |_| answer.clone());
    let asked = std::time::Instant::now();
    assert_eq!(ask(&path, &Command::Status).expect("an answer"), expected);
    assert!(asked.elapsed() < CONTROL_WAIT / 2, "{:?}", asked.elapsed());
    // The one who was answered may not be quite gone.
    idle.extend((0..2).map(silent));
    let refused = ask(&path, &Command::Status).expect("an answer");
    assert!(matches!(refused, Answer::Error(_)), "{refused:?}");
    drop(engine.join().expect("ends"));
}

#[test]
fn nonsense_gets_an_error_and_harms_nobody() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("control.sock");
    let control = Control::open(&path, || {}).expect("opens");
    let long = "x".repeat(100_000);
    for line in ["teapot\n", "{}\n", "{\"command\":\"format_disk\"}\n", "\u{0}\n", long.as_str()] {
        let mut stream = UnixStream::connect(&path).expect("open");
        // The service may answer and hang up before it has read all of the long one.
        drop(stream.write_all(line.as_bytes()));
        drop(stream.shutdown(std::net::Shutdown::Write));
        let mut answer = String::new();
        if BufReader::new(&stream).read_line(&mut answer).is_ok() {
            assert!(answer.starts_with("{\"error\":\"not a command"), "{line:.20}: {answer}");
        }
    }
    drop(UnixStream::connect(&path).expect("open"));
    let engine = serve_one(control, |_| Answer::Error("still here".into()));
    assert_eq!(ask(&path, &Command::Status).expect("an answer"), Answer::Error("still here".into()));
    drop(engine.join().expect("ends"));
}

#[test]
fn a_stale_socket_is_replaced_a_live_one_and_anything_else_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("control.sock");
    drop(UnixListener::bind(&path).expect("a socket nobody will listen on"));
    let control = Control::open(&path, || {}).expect("replaces it");
    assert!(matches!(Control::open(&path, || {}), Err(ControlError::InUse { .. })));
    drop(control);

    fs::write(&path, "my notes").expect("a file");
    assert!(matches!(Control::open(&path, || {}), Err(ControlError::Foreign { .. })));
    assert_eq!(fs::read_to_string(&path).expect("untouched"), "my notes");

    let link = folder.path().join("link.sock");
    symlink(&path, &link).expect("a link");
    assert!(matches!(Control::open(&link, || {}), Err(ControlError::Foreign { .. })));
    assert_eq!(fs::read_to_string(&path).expect("untouched"), "my notes");
}

#[test]
fn a_folder_others_may_enter_is_not_trusted_for_making_the_socket() {
    let folder = tempfile::tempdir().expect("a folder");
    let nursery = folder.path().join(".ctl");
    fs::create_dir(&nursery).expect("a folder");
    fs::set_permissions(&nursery, fs::Permissions::from_mode(0o777)).expect("open to all");
    let refused = Control::open(&folder.path().join("control.sock"), || {}).expect_err("not ours");
    assert!(matches!(refused, ControlError::Foreign { .. }), "{refused}");
}

#[test]
fn a_path_nobody_could_ask_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let refused = Control::open(&folder.path().join("x".repeat(120)), || {}).expect_err("too long");
    assert!(matches!(refused, ControlError::TooLong { .. }), "{refused}");
}

fn fact(fact: Fact) -> Answer {
    let subject = Subject::Call(CallId(7));
    Answer::Step(Box::new(Step::Fact(Entry { seq: JournalSeq(1), now: Now::default(), subject, fact })))
}

/// What is heard of `trace last --live`, as it is heard.
fn follow_last(path: &Path) -> crossbeam_channel::Receiver<Answer> {
    let (heard, hears) = crossbeam_channel::unbounded();
    let path = path.to_owned();
    std::thread::spawn(move || {
        let command = Command::Trace { wanted: Wanted::Last, live: true };
        follow(&path, &command, |answer| heard.send(answer).expect("somebody listens")).expect("answered");
    });
    hears
}

#[test]
fn a_call_is_followed_line_by_line_while_others_are_answered_until_it_is_over() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("control.sock");
    let control = Control::open(&path, || {}).expect("opens");
    let hears = follow_last(&path);
    let request = control.requests.recv_timeout(CONTROL_WAIT).expect("a request");
    assert_eq!(request.command, Command::Trace { wanted: Wanted::Last, live: true });
    let (first, last) = (fact(Fact::CallerAnswered), fact(Fact::Ended { cause: Cause::Normal }));
    assert!(request.tell(first.clone()));
    assert_eq!(hears.recv_timeout(CONTROL_WAIT), Ok(first), "while more may come");

    let engine = serve_one(control, |_| Answer::Error("busy".into()));
    assert_eq!(ask(&path, &Command::Status).expect("meanwhile"), Answer::Error("busy".into()));
    let control = engine.join().expect("ends");

    assert!(request.tell(last.clone()) && request.tell(fact(Fact::PromptEnded)) && !request.is_forsaken());
    assert_eq!(hears.recv_timeout(CONTROL_WAIT), Ok(last));
    assert_eq!(hears.recv_timeout(CONTROL_WAIT), Ok(fact(Fact::PromptEnded)), "a little after the end");
    assert!(hears.recv_timeout(CONTROL_WAIT).is_err(), "and then it is over");
    let until = std::time::Instant::now() + CONTROL_WAIT;
    while !request.is_forsaken() && std::time::Instant::now() < until {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    assert!(request.is_forsaken());
    drop(control);
}

#[test]
fn whoever_hangs_up_is_missed_and_the_end_of_the_answer_is_the_end_of_the_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("control.sock");
    let control = Control::open(&path, || {}).expect("opens");
    let command = Command::Trace { wanted: Wanted::Last, live: true };
    drop(knock(&path, &command).expect("open"));
    let gone = control.requests.recv_timeout(CONTROL_WAIT).expect("a request");
    let until = std::time::Instant::now() + CONTROL_WAIT;
    while !gone.is_forsaken() && std::time::Instant::now() < until {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    assert!(gone.is_forsaken(), "noticed though nothing is written");

    let hears = follow_last(&path);
    let request = control.requests.recv_timeout(CONTROL_WAIT).expect("a request");
    request.answer(Answer::Error("no such call".into()));
    assert_eq!(hears.recv_timeout(CONTROL_WAIT), Ok(Answer::Error("no such call".into())));
    assert!(hears.recv_timeout(CONTROL_WAIT).is_err());
}
