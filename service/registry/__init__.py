"""Which model version serves, who holds it, and when an old one may go."""
