-- A write that reaches the WAL. It is always the same row; its older versions make room for the
-- next.
insert into write_probe (id, written_at) values (1, now())
on conflict (id) do update set written_at = excluded.written_at
