-- The subscriptions that are sent, with their sites.
select r.id, r.every, r.created_at, s.timezone
from email_report r
join site s on s.id = r.site_id and s.deleted_at is null
where r.unsubscribed_at is null
