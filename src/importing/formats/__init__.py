"""The formats of access logs: how a line becomes a request, and a table of them."""
