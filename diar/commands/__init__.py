"""The sub-commands of ``diar``, a module each."""
