"""Text to arrays: tokens that know their places, vocabulary, n-gram features, batches."""
