-- Distinct visitors of a range, and nothing else.
select count(distinct visitor_id)
from visit
where site_id = 1 and started >= '$lower' and started < '$upper'
