-- A row if this is the e-mail address of a member of a site.
select u.id
from app_user u
join membership m on m.user_id = u.id and m.site_id = :site
where u.email = :address and u.is_active
