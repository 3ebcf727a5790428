"""Formats of speaker turns beside RTTM, a module a format; ``diar.io.turn_files`` has the table of all."""
