-- A report is not sent again: it was delivered, or nobody wants it.
update email_report_message
set next_try_at = null, delivered_at = case when :delivered then now() end
where id = :message
