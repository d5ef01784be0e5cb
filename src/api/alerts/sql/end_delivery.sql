-- A message is not sent again: it was delivered, or its receiver is gone.
update alert_delivery
set next_call_at = null, delivered_at = case when :delivered then now() end
where id = :delivery
