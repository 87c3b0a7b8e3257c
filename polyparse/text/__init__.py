"""Text to arrays: tokens with their offsets, vocabulary, n-gram features, batches."""
