-- An agent may have spoken to whom the caller is sent on to, in a call of their own: "call" in the record's transfers.
DROP VIEW transfers;
CREATE VIEW transfers AS
SELECT record.call,
       record.site,
       strftime('%Y-%m-%d %H:%M:%f', record.arrived_us / 1e6 + (transfer.value ->> 'at_ms') / 1e3, 'unixepoch', 'localtime') AS started,
       transfer.value ->> 'by'             AS by_agent,
       transfer.value ->> 'to'             AS dialled,
       (transfer.value ->> 'at_ms') / 1e3  AS at_s,
       (transfer.value ->> 'for_ms') / 1e3 AS for_s,
       transfer.value ->> 'end'            AS transfer_end,
       transfer.value ->> 'call'           AS consultation
  FROM record, json_each(record.transfers) AS transfer;
