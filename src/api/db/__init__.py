"""The database: what server it is, how it is reached, how its tables grow."""
