"""What is left of a service's capacity when more is asked of it than it has."""
