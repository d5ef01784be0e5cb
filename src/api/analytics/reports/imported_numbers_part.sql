-- What rows of imported_day, called d, add up to. A number is null where no row has it.
sum(d.visitors)::bigint as visitors, sum(d.visits)::bigint as visits,
    sum(d.pageviews)::bigint as pageviews,
    sum(d.bounces)::float8 / nullif(sum(d.visits), 0) as bounce_rate,
    sum(d.visit_seconds)::float8 / nullif(sum(d.visits), 0) as visit_duration_seconds,
    sum(d.events)::bigint as events
