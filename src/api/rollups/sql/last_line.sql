-- The latest line of all sites: since then every site has its raw data.
select max(raw_data_since) from site
