"""What the warehouse knows of its own operation: migrations, the history of runs, their logs."""
