-- How many notifications an account has not read, of those that are shown.
select count(*) as unread
from notification
where user_id = :user and read_at is null and /*include readable_part*/
