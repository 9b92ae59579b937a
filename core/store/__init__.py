"""The database: tables, migrations, and queries that always name a tenant."""
