"""What administrators see over HTTP: which versions serve, and the edits of the state that says so."""
