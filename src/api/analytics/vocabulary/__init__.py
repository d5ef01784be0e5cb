"""What a query is made of: dimensions, metrics, filters, steps and the order of rows."""
