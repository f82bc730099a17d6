"""The times of Meltano's schedules: read, counted by, and written for other programs that start jobs."""
