"""The model contract: utterance and frame, labels, tag schemes."""
