-- Under which visitors a person is known on a site: their own, and those of sessions in which
-- they said who they are.
select id from visitor
where site_id = :site and (id = :own or user_id = :user_id)
union
select visitor_id from event
where site_id = :site and user_id = :user_id
