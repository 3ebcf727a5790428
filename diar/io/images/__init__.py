"""Sets of images as files: a module a format."""
