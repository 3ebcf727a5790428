"""Images: what sets of them are, and the experiments on them."""
