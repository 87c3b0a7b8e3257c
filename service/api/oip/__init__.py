"""The Open Inference Protocol, as Triton's and KServe's clients speak it: health, metadata, the repository; no inference."""
