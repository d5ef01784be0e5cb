-- One part of the result of a submitted job; no row after the last.
select bytes from submitted_job_part where job = :job and number = :number
