"""Singer target for the warehouse: meltanolabs' target-postgres that writes only what differs."""
