"""The sub-commands of the `diar` command, a module each."""
