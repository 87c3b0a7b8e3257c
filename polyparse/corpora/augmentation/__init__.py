"""Training utterances varied: slot values swapped, words substituted."""
