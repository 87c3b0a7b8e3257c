"""Assistants of few utterances of each intent: what starts from the shipped encoder beside a CRF and a MaxEnt."""
