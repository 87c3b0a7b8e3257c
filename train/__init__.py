"""Training: corpora to checkpoints. torch lives here."""
