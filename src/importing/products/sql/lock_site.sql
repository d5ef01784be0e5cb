-- Locks a site against other imports of it, until the end of the transaction.
select id from site where id = :site for no key update
