"""A checkpoint as a bundle: files, golden frames, card, and the folder renamed into place."""
