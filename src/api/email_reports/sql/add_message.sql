-- Adds the report of a subscription about a period, unless there is one.
insert into email_report_message (report_id, first_day, last_day)
select id, :first, :last from email_report where id = :report and unsubscribed_at is null
on conflict (report_id, first_day) do nothing
returning id
