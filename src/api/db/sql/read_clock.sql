-- Writes the database's clock down. Returns the latest reading that lay in the future, which was
-- made by a wrong clock and is removed; null for none.
with ahead as (
    delete from clock_reading where at > now() returning at
), old as (
    delete from clock_reading where at < now() - interval '3 days'
), added as (
    insert into clock_reading (at) values (now()) on conflict do nothing
)
select max(at) from ahead
