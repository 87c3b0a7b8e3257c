"""Networks, heads and classifier as ONNX graphs."""
