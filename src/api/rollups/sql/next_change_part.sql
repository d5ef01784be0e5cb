-- The number of what a transaction changes. Of a site they commit in this order if it is drawn by
-- one that holds the lock of the site, or that blocks all writers.
nextval('change_number')
