"""Networks that learn from the recordings themselves. Only ``diar.embed`` and the programs that train import them."""
