-- The sites that were deleted some time ago, the first one first.
select id from site where deleted_at <= now() - :settle::interval order by deleted_at
