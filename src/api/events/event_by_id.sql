-- One stored event with dimensions of its visit.
select e.id, e.time, e.name, e.page, e.hostname, e.title, e.referrer, e.duration, e.revenue,
    e.currency, e.interactive, e.props,
    case when e.visitor_number >= 0 then e.visit_id end as visit_id,
    v.session_id, v.channel, v.source, v.country, v.browser, v.os, v.device, null as bot
from event e
left join visit v on v.visitor_id = e.visitor_id and v.id = e.visit_id
    and visit_reaches(v.started, e.time)
where e.site_id = :site and e.id = :id
union all
select b.id, b.time, b.name, b.page, b.hostname, '', '', null, null,
    null, false, null, null, null, '', '', '', '', '', 'bot', b.bot
from bot_event b
where b.site_id = :site and b.id = :id
limit 1
