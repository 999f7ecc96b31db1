-- Callers may be given back to their own side with a target's number: nobody here sees how that ends.
DROP VIEW daily;

-- daily: offered calls of each day by site and first queue (NULL: never queued), offered = the sum of the outcomes; and the
-- contract's two indicators on queue entry: QS1 is the share that waited strictly less than 40 s and was answered, QS2 the
-- share picked up, by an agent or where the call overflowed to; hang-ups under 5 s count in neither. Strictly above 85
-- passes. unobserved, of the overflowed and the routed, are those the caller's own side called instead of us: answered or
-- not, nobody saw it, and they count as not answered. A site whose [sla] says otherwise reads the spillway_sla_calls_total
-- metric, which follows it.
CREATE VIEW daily AS
SELECT date(arrived_us / 1e6, 'unixepoch', 'localtime') AS day,
       site,
       queue,
       count(*) AS offered,
       count(*) FILTER (WHERE outcome = 'answered')           AS answered,
       count(*) FILTER (WHERE outcome GLOB 'overflowed_*')    AS overflowed,
       count(*) FILTER (WHERE outcome = 'overflowed_answered') AS overflowed_answered,
       count(*) FILTER (WHERE outcome GLOB 'routed_*')        AS routed,
       count(*) FILTER (WHERE outcome GLOB '*_unobserved')    AS unobserved,
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
