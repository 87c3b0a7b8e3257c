"""Out-of-domain utterances: what tells them from a model's own, learnt from models that domains were left out of."""
