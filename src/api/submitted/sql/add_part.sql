-- Stores a part of the result of a submitted job.
insert into submitted_job_part (job, number, bytes) values (:job, :number, :bytes)
