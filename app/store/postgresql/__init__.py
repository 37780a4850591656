"""The database on a PostgreSQL server, for several machines. Imported only where the URL asks for it."""
