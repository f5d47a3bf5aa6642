"""Samples on disk: schema, shards, manifests, splits, packed shards."""
