"""The API and the dashboard of Atelier, on the marts alone."""
