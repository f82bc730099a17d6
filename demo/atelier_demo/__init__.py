"""Real local servers and a factory of sources, for the demo and the tests."""
