"""What is wrong now, and how the runs went."""
