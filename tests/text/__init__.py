"""The repair of double-encoded text, against ftfy and on PostgreSQL."""
