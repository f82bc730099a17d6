"""How fresh and how whole the data are."""
