"""A rollout rehearsed without a cluster: real processes behind HAProxy, with the probes and the ends of the manifests."""
