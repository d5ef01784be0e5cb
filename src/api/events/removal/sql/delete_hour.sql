-- Deletes the rows of a site in a range. The bounds are constants and no join: of a compressed
-- chunk only what is told beforehand is skipped.
delete from /*table*/ event /*end*/
where site_id = :site and /*time*/ time /*end*/ >= :lower and /*time*/ time /*end*/ < :upper
