-- Writes the audit log of a removal: who did what and how much, and nothing about the person.
insert into audit_log (actor, action, site_id, detail)
values (:actor, :action, :site, :detail)
returning id, at
