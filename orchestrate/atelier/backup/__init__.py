"""Backups of the warehouse, and the way back (docs/adr/0020)."""
