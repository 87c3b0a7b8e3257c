"""What a candidate would have answered: parsed beside the answers of the stable version, and compared with them."""
