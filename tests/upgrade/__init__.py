"""Warehouses of earlier releases, and today's pipeline on them."""
