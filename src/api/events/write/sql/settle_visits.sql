-- Gives visits the first visit of their visitors, after settle_visitors.sql.
update visit v set first_seen = visitor.first_seen
from visitor
where visitor.site_id = :site and visitor.id = any(:visitors::bigint[])
    and v.visitor_id = visitor.id and v.first_seen <> visitor.first_seen
    -- For compressed chunks, as in delete_visits.sql.
    and v.started between :earliest and :latest
