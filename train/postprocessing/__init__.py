"""What is chosen on dev after a network is trained: routing, calibration, the out-of-domain threshold."""
