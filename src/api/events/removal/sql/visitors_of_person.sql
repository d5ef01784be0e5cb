-- The visitors that are a person on a site: the one of the id that the site sends, the one whose id
-- in answers was told, and those of sessions in which a user id was sent.
select id from visitor
where site_id = :site and (id in (:own, :told) or user_id = :user_id)
union
select visitor_id from unopened_visit
where site_id = :site and visitor_id = :told
union
select visitor_id from event
where site_id = :site and user_id = :user_id
