"""From items to frames, pure: routing, topology, decoding, calibration, out-of-domain score, and the parser around them."""
