"""`knowledge`: what is said of machines left out, by what is known of them."""
