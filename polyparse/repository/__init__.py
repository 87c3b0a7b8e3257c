"""Repositories of models behind a URL: their objects, the edits of their states, and the cache of their bundles."""
