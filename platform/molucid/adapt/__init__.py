"""Test-time tuning: clusters, neighbours, selection, tuning."""
