"""The CUDA path, checked on a machine that has a GPU: `make check-gpu`."""
