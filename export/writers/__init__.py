"""Writers of the quantized encoder, one file format each; both read the same integers."""
