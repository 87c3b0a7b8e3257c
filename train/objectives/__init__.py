"""What a network learns from: labels, teachers' soft targets, masked words."""
