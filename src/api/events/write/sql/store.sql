-- Stores what a batch adds and changes, logs it for copies, and notifies of it, in one statement:
-- each costs the driver as much as the server. As json, not jsonb: what is read once need not be
-- indexed, and it takes a fifth less time. Columns are named, so that others, which a newer version
-- has added, get their defaults.
-- slots: context, given (see store_visits.sql)
with new_events as (/*include store_events*/),
changed_visits as (/*include store_visits*/),
changed_unopened as (/*include store_unopened*/),
noted as (/*include ../../changes/sql/note*/),
changed_visitors as (/*include store_visitors*/),
new_bots as (/*include store_bots*/)
/*include announce*/
