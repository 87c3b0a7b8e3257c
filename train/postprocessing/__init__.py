"""What dev chooses once a network is trained: routing, calibration, the out-of-domain threshold."""
