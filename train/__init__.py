"""Training: from corpora to checkpoints, with PyTorch."""
