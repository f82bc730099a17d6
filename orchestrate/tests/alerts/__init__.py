"""Alerts: what is said, to whom, how often."""
