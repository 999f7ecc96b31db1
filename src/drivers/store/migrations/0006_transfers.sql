-- An agent may send a caller on: the record says who sent them to whom, JSON [{"by","to","leg","at_ms","for_ms","end"}].
ALTER TABLE record ADD COLUMN transfers TEXT NOT NULL DEFAULT '[]';

-- transfers: one line per caller an agent sent on, of calls that are over, in order; for_s is how long the new phone rang.
CREATE VIEW transfers AS
SELECT record.call,
       record.site,
       strftime('%Y-%m-%d %H:%M:%f', record.arrived_us / 1e6 + (transfer.value ->> 'at_ms') / 1e3, 'unixepoch', 'localtime') AS started,
       transfer.value ->> 'by'             AS by_agent,
       transfer.value ->> 'to'             AS dialled,
       (transfer.value ->> 'at_ms') / 1e3  AS at_s,
       (transfer.value ->> 'for_ms') / 1e3 AS for_s,
       transfer.value ->> 'end'            AS transfer_end
  FROM record, json_each(record.transfers) AS transfer;
