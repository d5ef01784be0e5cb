-- A row if a running job has not been deleted.
select number from submitted_job where number = :number and status = 'running'
