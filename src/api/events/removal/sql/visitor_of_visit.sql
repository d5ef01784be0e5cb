-- The visitor of a visit.
select visitor_id from visit where site_id = :site and id = :visit
