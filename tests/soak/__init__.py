"""A simulated plant that lives for days in hours, served by the scheduler, with what may go wrong in it."""
