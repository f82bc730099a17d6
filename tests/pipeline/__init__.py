"""The whole pipeline on real servers, run as a user runs it."""
