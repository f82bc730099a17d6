"""The factory of sources: machine logs and a legacy ERP, made up, odd, and the same for the same seed."""
