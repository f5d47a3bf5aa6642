"""Metrics, protocols, controls and reports."""
