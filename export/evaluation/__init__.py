"""A bundle judged: recordings as the edge hears them, sentences as it reads them."""
