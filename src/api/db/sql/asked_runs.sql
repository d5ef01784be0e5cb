-- Those of these background jobs that somebody asks to run now.
select name from background_job where asked_at is not null and name = any(:names)
