-- How many notifications an account has not read.
select count(*) as unread from notification where user_id = :user and read_at is null
