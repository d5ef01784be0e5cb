"""The words of the query language: dimensions, metrics, filters, steps and the order of rows."""
