"""The model contract: what every model is asked and answers. Utterance and frame, labels, tag schemes, networks."""
