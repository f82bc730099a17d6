"""Sessions, and what lies in one."""
