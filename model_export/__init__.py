"""Export of a checkpoint to a bundle: ONNX graphs, gates, golden frames, and one folder that is renamed into place."""
