"""Reading and writing: one module a format. Nothing outside this package opens a file."""
