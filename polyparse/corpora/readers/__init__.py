"""One file for each corpus format, and what they share."""
