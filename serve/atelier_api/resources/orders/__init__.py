"""Roller-shutter orders to plan."""
