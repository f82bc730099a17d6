"""Personal data: register, erasure, access, retention (docs/adr/0013 and 0014)."""
