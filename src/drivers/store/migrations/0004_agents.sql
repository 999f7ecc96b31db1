-- An agent is known by a key, extension@trunk: « 201@ipoffice ». Labels, « Nadia », are written per queue and may be another
-- person's at another site. The journal's agent column holds the key; the label stays in the fact's JSON.
ALTER TABLE record ADD COLUMN agent_key TEXT;

DROP VIEW calls;
DROP VIEW timeline;

-- calls: one line per offered call, how it ended and where its seconds went (flow + wait + talk + after = duration).
CREATE VIEW calls AS
SELECT call,
       strftime('%Y-%m-%d %H:%M:%f', arrived_us / 1e6, 'unixepoch', 'localtime') AS arrived,
       strftime('%Y-%m-%d %H:%M:%f', ended_us / 1e6, 'unixepoch', 'localtime')   AS ended,
       site, trunk, caller, coalesce(number, dialled) AS number, keys, outcome, cause, queue, agent, agent_key, target,
       flow_ms / 1e3 AS flow_s, wait_ms / 1e3 AS wait_s, ring_ms / 1e3 AS ring_s, talk_ms / 1e3 AS talk_s,
       hold_ms / 1e3 AS hold_s, after_ms / 1e3 AS after_s, duration_ms / 1e3 AS duration_s
  FROM record;

-- timeline: every fact of every call and every agent, in order: SELECT * FROM timeline WHERE call = 42, or what somebody
-- did: SELECT * FROM timeline WHERE agent = '201@ipoffice'
CREATE VIEW timeline AS
SELECT call, strftime('%Y-%m-%d %H:%M:%f', utc_us / 1e6, 'unixepoch', 'localtime') AS at, kind, agent,
       json_remove(body, '$.kind') AS details
  FROM journal WHERE call IS NOT NULL OR agent IS NOT NULL ORDER BY seq;
