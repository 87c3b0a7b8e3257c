"""Bundles: the manifest, the store that verifies and finds them, golden frames, and which version serves."""
