"""Sub-commands of diar, a module each."""
