"""The models that are trained: the domain classifier and the joint network."""
