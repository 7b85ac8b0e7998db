"""Where samples come from: one file per kind of source, each with its config struct and its class."""
