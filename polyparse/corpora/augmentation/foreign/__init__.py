"""What nobody may ask this model for: lists of things and wordings by topic, and the texts that they make."""
