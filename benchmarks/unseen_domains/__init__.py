"""Domains left out of training in turn: how well utterances of a domain that a model never saw are told apart."""
