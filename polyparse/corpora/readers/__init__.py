"""One file a corpus format, and what they share."""
