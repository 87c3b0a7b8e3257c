"""Studies: runs of plans over seeds, what they measure, and a report of it with what the data can and cannot tell."""
