"""The runbooks, tried as they are written."""
