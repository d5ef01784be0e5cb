-- Adds visits. All columns come with the rows (see visit_row in tables.py). As json, not jsonb:
-- what is read once need not be indexed, and it takes a fifth less time.
insert into visit select * from json_populate_recordset(null::visit, :visits::json)
