"""Machines, and what each does now."""
