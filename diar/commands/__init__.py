"""The sub-commands of ``diar``, a module each, and what each is for."""

COMMANDS = {
    "score": "errors of an RTTM against a reference, as NIST's md-eval counts them",
    "view": "a page to look at and listen to an RTTM",
    "recut": "another number of speakers from saved merges",
    "convert": "turns from one format to another",
    "check": "faults of RTTM, UEM and data folders",
}
