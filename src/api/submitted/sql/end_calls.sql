-- A webhook is not called again: it was delivered, or its receiver is gone.
update submitted_job
set next_call_at = null, delivered_at = case when :delivered then now() end
where number = :number
