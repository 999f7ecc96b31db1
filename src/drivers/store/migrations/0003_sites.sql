-- Names of queues and targets are unique within their site only: whatever is told by queue is told by site too.
DROP VIEW queue_visits;
DROP VIEW rings;
DROP VIEW daily;

-- queue_visits: one line per entry into a queue, with how and after how long it ended; a visit still going on has no end.
-- A call that ended while it waited, by a crash or a fault of ours, ended its visit: the end is then the call's cause.
-- Across a restart the wait is taken from the calendar clock, within one boot from the monotonic one.
CREATE VIEW queue_visits AS
SELECT entry.call,
       (SELECT arrival.body ->> 'site' FROM journal AS arrival
         WHERE arrival.call = entry.call AND arrival.kind = 'arrived') AS site,
       entry.body ->> 'queue'    AS queue,
       entry.body ->> 'position' AS position,
       strftime('%Y-%m-%d %H:%M:%f', entry.utc_us / 1e6, 'unixepoch', 'localtime') AS entered,
       coalesce(leave.body ->> 'end', leave.body ->> 'cause') AS visit_end,
       CASE WHEN leave.boot = entry.boot THEN (leave.moment_ns - entry.moment_ns) / 1e9
            ELSE (leave.utc_us - entry.utc_us) / 1e6 END AS wait_s
  FROM journal AS entry
  LEFT JOIN journal AS leave ON leave.seq = (
           SELECT min(later.seq) FROM journal AS later
            WHERE later.call = entry.call AND later.seq > entry.seq AND later.kind IN ('dequeued', 'ended'))
 WHERE entry.kind = 'enqueued';

-- rings: one line per phone rung (an agent's or a target's) for a call that is over, in order; at_s counts from the
-- call's arrival.
CREATE VIEW rings AS
SELECT record.call,
       record.site,
       strftime('%Y-%m-%d %H:%M:%f', record.arrived_us / 1e6 + (ring.value ->> 'at_ms') / 1e3, 'unixepoch', 'localtime') AS started,
       ring.key + 1                    AS attempt,
       ring.value ->> 'rung'           AS rung,
       ring.value ->> 'who'            AS who,
       ring.value ->> 'leg'            AS leg,
       (ring.value ->> 'at_ms') / 1e3  AS at_s,
       (ring.value ->> 'for_ms') / 1e3 AS for_s,
       ring.value ->> 'end'            AS ring_end
  FROM record, json_each(record.rings) AS ring;

-- daily: calls of each day by site and first queue (queue NULL: never queued; site NULL: no number of ours), offered = the
-- sum of the outcomes; and the contract's two indicators on queue entry: QS1 is the share that waited strictly less than
-- 40 s and was answered, QS2 the share picked up, by an agent or where the call overflowed to; hang-ups under 5 s count in
-- neither. Strictly above 85 passes. A site whose [sla] says otherwise reads the spillway_sla_calls_total metric, which
-- follows it.
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
 GROUP BY day, site, queue;
