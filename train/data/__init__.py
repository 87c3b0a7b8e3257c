"""Examples as items and targets, and the batches of an epoch."""
