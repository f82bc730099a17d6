"""Key figures by day and by week."""
