"""The weights that `python -m benchmarks.unseen_domains` found on MASSIVE, for models trained like the shipped ones."""

from benchmarks.unseen_domains.weights import NEVER, Wanted
from polyparse.inference.ood import Rejection

WANTED: Wanted = {"broad_domain_doubt": None, "novelty": None, "atypicality": None, "unknown_share": 1.0}
"""Domains of one corpus share its words, so that unknown ones tell a left-out domain from the others by nothing, and would
get no weight; what is foreign to all of them has many. The weight is given, as much as costs little of the former."""

FOUND = Rejection(
    threshold=NEVER,
    weights={"broad_domain_doubt": 2.10, "novelty": 2.12, "atypicality": 0.84, "unknown_share": 1.0},
    bias=-4.98,
)
"""Without a threshold: that is chosen for each model, by its own dev."""
