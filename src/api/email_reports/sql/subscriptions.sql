-- The subscriptions of a site by address, and when a report was last sent.
select
    r.id,
    r.address,
    r.every,
    r.created_at,
    r.unsubscribed_at,
    (select max(m.delivered_at) from email_report_message m where m.report_id = r.id)
        as delivered_at
from email_report r
where r.site_id = :site
order by r.address, r.every
