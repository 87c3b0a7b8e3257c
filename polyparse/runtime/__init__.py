"""Models as they serve: ONNX Runtime sessions over a verified bundle."""
