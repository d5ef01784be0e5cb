-- Notifications of an account, newest first.
select
    notification.id,
    notification.kind,
    site.key as site,
    site.name as site_name,
    notification.data,
    notification.link,
    notification.created_at,
    notification.read_at
from notification
left join site on site.id = notification.site_id
where notification.user_id = :user
    and /*include readable_part*/
    and (not :unread or notification.read_at is null)
    and (:before::bigint is null or notification.id < :before)
order by notification.id desc
limit :limit
