"""Word spaces of several languages brought into one: dictionaries, alignments, their measures, and published files."""
