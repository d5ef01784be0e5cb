-- Deletes what an interrupted attempt left of a result.
delete from submitted_job_part where job = :number
