"""The report of studies: their tables, claims and plots as one HTML page and as one Markdown page."""
