-- Tells the live hubs of all processes, at commit, which sites have something new.
select pg_notify('events', :payload)
