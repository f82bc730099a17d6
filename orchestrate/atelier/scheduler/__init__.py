"""The service that starts runs when Meltano's schedules say so (docs/adr/0018)."""
