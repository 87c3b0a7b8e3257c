"""Which model version serves, which requests hold it, and when an old one may be closed."""
