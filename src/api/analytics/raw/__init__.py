"""Raw data: events and visits one by one, as pages and as streams, and what changed in them."""
