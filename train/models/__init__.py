"""What is trained: the MaxEnt domain classifier and the joint network."""
