"""Slot values that no corpus has: of CLDR, of GeoNames, invented names, and known words recombined."""
