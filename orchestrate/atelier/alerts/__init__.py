"""Tells people what is wrong, once, and when it is over (docs/adr/0019)."""
