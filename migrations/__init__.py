"""The database schema, SQL first. From code: `server.database.migrate(url)`; by hand, with DATABASE_URL set:
`alembic -c migrations/alembic.ini upgrade head`."""
