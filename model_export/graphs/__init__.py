"""Embedder, network, heads and domain classifier as ONNX graphs, built operator by operator."""
