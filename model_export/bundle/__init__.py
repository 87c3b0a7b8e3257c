"""Writing the folder of a bundle: files, golden frames, model card."""
