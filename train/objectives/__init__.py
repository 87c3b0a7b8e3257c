"""Training objectives: losses against labels and soft targets, distillation, masked words."""
