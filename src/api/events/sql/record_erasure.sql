-- The audit line of an erasure: who did what and how much, and nothing about the person.
insert into audit_log (actor, action, site_id, detail)
values (:actor, 'erasure', :site, :detail)
returning id, at
