"""Negated requests and their look-alikes, made from a corpus by rules of four languages; small files say the rules."""
