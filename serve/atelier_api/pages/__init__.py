"""The pages of the dashboard, and logging in with a browser."""
