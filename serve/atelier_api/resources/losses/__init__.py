"""Stops and waits, ranked."""
