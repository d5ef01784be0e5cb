-- Bots, which are in no other number.
-- slots: order
select bot, category, count(*) as events, count(distinct page) as pages, max(time) as last_seen,
    count(*) over () as total_rows
from bot_event
where site_id = :site and time >= :lower and time < :upper
group by bot, category
order by /*order*/ events desc, bot /*end*/
limit :limit offset :offset
