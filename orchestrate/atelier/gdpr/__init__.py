"""Personal data: the register of processing (docs/adr/0013)."""
