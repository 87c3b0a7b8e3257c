"""Linear models, trained to convergence on the whole corpus, that the networks are compared with."""
