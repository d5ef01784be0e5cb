"""What words about time mean: ranges and their local buckets."""
