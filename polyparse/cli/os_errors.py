"""What the operating system refused, in the words of a message of ours."""


def in_words(error: OSError) -> str:
    """What it refused, and about which file."""
    reason = error.strerror or str(error)
    return reason if error.filename is None else f"{error.filename}: {reason}"
