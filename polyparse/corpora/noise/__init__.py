"""Noise: utterances as people mistype, transliterate and mix them, for training against it and for measuring what it costs.

Free of torch.
"""

from polyparse.corpora.noise.kinds import KINDS, Noise, kinds_of
from polyparse.corpora.noise.noiser import NoiseConfig, Noiser, with_romanised

__all__ = ["KINDS", "Noise", "NoiseConfig", "Noiser", "kinds_of", "with_romanised"]
