"""From a checkpoint to a bundle: ONNX graphs, gates, golden frames; then one folder, renamed into place."""
