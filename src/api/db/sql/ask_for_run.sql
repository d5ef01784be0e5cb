-- Asks for a background job to run now.
insert into background_job (name, status, asked_at) values (:name, 'waiting', now())
on conflict (name) do update set asked_at = coalesce(background_job.asked_at, now())
