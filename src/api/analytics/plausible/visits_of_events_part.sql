-- Joins the visit v of each event e. It may have started before the range.
join visit v on v.visitor_id = e.visitor_id and v.id = e.visit_id
    and visit_reaches(v.started, e.time) and v.site_id = :site and v.started < :upper
    and v.started >= :lower::timestamptz - longest_visit()
