"""Reports of recordings: one HTML page that needs nothing beside it, with what a verdict rests on drawn as SVG."""
