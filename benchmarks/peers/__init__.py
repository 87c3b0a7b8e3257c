"""polyparse beside other systems: the same utterances, one measure, the same machine."""
