"""Items and targets made from examples, and the batches of an epoch."""
