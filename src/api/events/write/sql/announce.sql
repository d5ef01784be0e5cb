-- Notifies the live hubs of all processes, at commit, of the sites with something new.
select pg_notify('events', :payload)
