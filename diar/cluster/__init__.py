"""Agglomerative clustering of a recording's speech frames."""
