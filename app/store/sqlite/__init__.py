"""The database as one SQLite file in the data folder: the default."""
