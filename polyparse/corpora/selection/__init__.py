"""Which utterances of a corpus are learnt from, and which ones choose among what was learnt."""
