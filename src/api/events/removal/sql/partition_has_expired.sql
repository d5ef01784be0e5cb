-- Whether a partition has rows, and none of a site that needs them.
select exists (
    select from /*table*/ event /*end*/
    where /*time*/ time /*end*/ >= :lower and /*time*/ time /*end*/ < :upper
) and not exists (
    select from site
    where coalesce(raw_data_since, '-infinity') - :longer::interval < :upper::timestamptz
        and exists (
            select from /*table*/ event /*end*/
            where /*time*/ time /*end*/ >= :lower and /*time*/ time /*end*/ < :upper
                and site_id = site.id
        )
)
