"""Tables for people: CSV as French Excel opens it, and XLSX."""
