"""The weights that `python -m benchmarks.unseen_domains` found on MASSIVE, for models trained like the shipped ones."""

from polyparse.rejection import Rejection
from train.openset.weights import NEVER

FOUND = Rejection(threshold=NEVER, weights={"broad_domain_doubt": 2.41, "length": 0.24}, bias=-4.49)
"""Without a threshold: that is chosen for each model, by its own dev."""
