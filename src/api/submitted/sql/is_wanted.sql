-- A row unless a job has been deleted.
select number from submitted_job where number = :number
