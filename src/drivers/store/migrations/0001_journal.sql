-- The journal of facts, one record per call, one row per start of the service.
-- Times ending in _us are UTC, microseconds since 1970; moment_ns is the monotonic clock since that boot's start, the only
-- one durations are measured with; columns ending in _ms are durations.

-- One start of the service. closed_us stays NULL when it crashed.
CREATE TABLE boot (
    id         INTEGER PRIMARY KEY,
    started_us INTEGER NOT NULL,
    closed_us  INTEGER,
    version    TEXT NOT NULL,
    first_call INTEGER NOT NULL     -- ids below were given before; after a crash some of them may have no row
) STRICT;

-- Facts, appended and never rewritten.
CREATE TABLE journal (
    seq          INTEGER PRIMARY KEY,
    boot         INTEGER NOT NULL,
    utc_us       INTEGER NOT NULL,
    moment_ns    INTEGER NOT NULL,
    subject_kind TEXT NOT NULL,     -- call, agent or service
    call         INTEGER,           -- the call it is about, or the one that owns the agent
    agent        TEXT,              -- the agent it is about or that takes part
    kind         TEXT NOT NULL,     -- the fact's name: arrived, enqueued, ring_started, …
    body         TEXT NOT NULL      -- the fact as JSON: body->>'queue', body->>'key', …
) STRICT;

-- A call's timeline is its slice of the journal.
CREATE INDEX journal_call ON journal (call) WHERE call IS NOT NULL;

-- One row per offered call, written once, when nothing is left of it. Ids rise with arrival, so a day's calls lie together.
CREATE TABLE record (
    call            INTEGER PRIMARY KEY,
    arrived_us      INTEGER NOT NULL,
    ended_us        INTEGER NOT NULL,
    site            TEXT,
    trunk           TEXT NOT NULL,
    caller          TEXT NOT NULL,
    dialled         TEXT NOT NULL,
    number          TEXT,
    plan            TEXT NOT NULL,
    outcome         TEXT NOT NULL,
    cause           TEXT NOT NULL,
    queue           TEXT,
    agent           TEXT,
    target          TEXT,
    keys            TEXT NOT NULL,
    picked_up       INTEGER NOT NULL,
    flow_ms         INTEGER NOT NULL,
    wait_ms         INTEGER NOT NULL,
    ring_ms         INTEGER NOT NULL,
    talk_ms         INTEGER NOT NULL,
    hold_ms         INTEGER NOT NULL,
    after_ms        INTEGER NOT NULL,
    duration_ms     INTEGER NOT NULL,
    handover_ms     INTEGER,
    since_answer_ms INTEGER,
    visit           TEXT,
    rings           TEXT NOT NULL   -- JSON: [{"who","leg","at_ms","for_ms","end"}]
) STRICT;
