-- Whose visit it is.
select visitor_id from visit where site_id = :site and id = :visit
