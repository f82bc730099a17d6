"""Hostile networks, killed programs, huge files: nothing is lost and nothing comes twice."""
