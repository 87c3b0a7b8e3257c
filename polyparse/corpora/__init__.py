"""Corpora: annotated utterances on disk, read, augmented and made noisy. Free of torch."""
