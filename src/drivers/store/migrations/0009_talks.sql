-- A caller may talk with several, one after the other: the record says with whom and how long, JSON
-- [{"who","agent","leg","at_ms","talk_ms","hold_ms"}]. Their sums are the record's talk_ms and hold_ms. Calls recorded before
-- this have none.
ALTER TABLE record ADD COLUMN talks TEXT NOT NULL DEFAULT '[]';

-- talks: one line per person a caller talked with, of calls that are over, in order. talk_s by agent over a month:
-- SELECT agent, sum(talk_s), sum(hold_s) FROM talks WHERE agent IS NOT NULL GROUP BY agent
CREATE VIEW talks AS
SELECT record.call,
       record.site,
       strftime('%Y-%m-%d %H:%M:%f', record.arrived_us / 1e6 + (talk.value ->> 'at_ms') / 1e3, 'unixepoch', 'localtime') AS started,
       talk.value ->> 'who'             AS who,
       talk.value ->> 'agent'           AS agent,
       talk.value ->> 'leg'             AS leg,
       (talk.value ->> 'at_ms') / 1e3   AS at_s,
       (talk.value ->> 'talk_ms') / 1e3 AS talk_s,
       (talk.value ->> 'hold_ms') / 1e3 AS hold_s
  FROM record, json_each(record.talks) AS talk;
