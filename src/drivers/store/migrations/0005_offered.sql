-- An offered call is one to a number of ours. Other INVITEs from an accepted trunk keep their record and are in no figure.
DROP VIEW calls;
DROP VIEW daily;

-- calls: one line per call that came over a trunk, how it ended and where its seconds went (flow + wait + talk + after =
-- duration). number is ours as the dialplan writes it, dialled what the caller's side sent. offered is 0, and number NULL,
-- when no number of ours was dialled.
CREATE VIEW calls AS
SELECT call,
       strftime('%Y-%m-%d %H:%M:%f', arrived_us / 1e6, 'unixepoch', 'localtime') AS arrived,
       strftime('%Y-%m-%d %H:%M:%f', ended_us / 1e6, 'unixepoch', 'localtime')   AS ended,
       number IS NOT NULL AS offered,
       site, trunk, caller, number, dialled, keys, outcome, cause, queue, agent, agent_key, target,
       flow_ms / 1e3 AS flow_s, wait_ms / 1e3 AS wait_s, ring_ms / 1e3 AS ring_s, talk_ms / 1e3 AS talk_s,
       hold_ms / 1e3 AS hold_s, after_ms / 1e3 AS after_s, duration_ms / 1e3 AS duration_s
  FROM record;

-- daily: offered calls of each day by site and first queue (NULL: never queued), offered = the sum of the outcomes; and the
-- contract's two indicators on queue entry: QS1 is the share that waited strictly less than 40 s and was answered, QS2 the
-- share picked up, by an agent or where the call overflowed to; hang-ups under 5 s count in neither. Strictly above 85
-- passes. A site whose [sla] says otherwise reads the spillway_sla_calls_total metric, which follows it.
CREATE VIEW daily AS
SELECT date(arrived_us / 1e6, 'unixepoch', 'localtime') AS day,
       site,
       queue,
       count(*) AS offered,
       count(*) FILTER (WHERE outcome = 'answered')           AS answered,
       count(*) FILTER (WHERE outcome GLOB 'overflowed_*')    AS overflowed,
       count(*) FILTER (WHERE outcome = 'overflowed_answered') AS overflowed_answered,
       count(*) FILTER (WHERE outcome GLOB 'routed_*')        AS routed,
       count(*) FILTER (WHERE outcome = 'callback')           AS callback,
       count(*) FILTER (WHERE outcome = 'message')            AS message,
       count(*) FILTER (WHERE outcome = 'abandoned_short')    AS abandoned_short,
       count(*) FILTER (WHERE outcome = 'abandoned_waiting')  AS abandoned_waiting,
       count(*) FILTER (WHERE outcome = 'abandoned_menu')     AS abandoned_menu,
       count(*) FILTER (WHERE outcome = 'abandoned_greeting') AS abandoned_greeting,
       count(*) FILTER (WHERE outcome = 'rejected')           AS rejected,
       count(*) FILTER (WHERE outcome = 'failed')             AS failed,
       count(*) FILTER (WHERE outcome = 'interrupted')        AS interrupted,
       count(*) FILTER (WHERE queue IS NOT NULL AND outcome <> 'abandoned_short') AS qs_n,
       round(100.0 * count(*) FILTER (WHERE queue IS NOT NULL AND wait_ms < 40000
                                        AND outcome IN ('answered', 'overflowed_answered'))
             / nullif(count(*) FILTER (WHERE queue IS NOT NULL AND outcome <> 'abandoned_short'), 0), 2) AS qs1_percent,
       round(100.0 * count(*) FILTER (WHERE queue IS NOT NULL AND outcome IN ('answered', 'overflowed_answered'))
             / nullif(count(*) FILTER (WHERE queue IS NOT NULL AND outcome <> 'abandoned_short'), 0), 2) AS qs2_percent,
       round(avg(wait_ms) FILTER (WHERE queue IS NOT NULL) / 1e3, 1) AS mean_wait_s,
       max(wait_ms) FILTER (WHERE queue IS NOT NULL) / 1e3           AS longest_wait_s
  FROM record
 WHERE number IS NOT NULL
 GROUP BY day, site, queue;
