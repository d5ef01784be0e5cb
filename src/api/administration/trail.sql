-- Entries of the audit log, newest first: of everybody, of an account, or of a site.
select
    audit_log.id,
    audit_log.at,
    audit_log.action,
    app_user.username as actor,
    site.key as site,
    audit_log.network,
    audit_log.detail
from audit_log
left join app_user on app_user.id = audit_log.actor
left join site on site.id = audit_log.site_id
where (:of_actor::bigint is null or audit_log.actor = :of_actor)
    and (:of_site::integer is null or audit_log.site_id = :of_site)
    and (:actions::text[] is null or audit_log.action = any(:actions))
    and (:account::text is null
        or lower(:account) in (lower(app_user.username), lower(app_user.email)))
    and (:site::text is null or site.key = :site)
    and (:network::text is null or audit_log.network = :network)
    and (:since::timestamptz is null or audit_log.at >= :since)
    and (:until::timestamptz is null or audit_log.at < :until)
    and (:before::bigint is null or audit_log.id < :before)
order by audit_log.id desc
limit :limit
