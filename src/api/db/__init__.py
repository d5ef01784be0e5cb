"""Access to PostgreSQL: server detection, connections, SQL files, partitions, background jobs."""
