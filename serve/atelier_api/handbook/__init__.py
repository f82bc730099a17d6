"""The documentation as a folder of pages, which the server has under `/docs`."""
