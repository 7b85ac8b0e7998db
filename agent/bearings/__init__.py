"""What a bearing is inside: part numbers as people write them, the catalogue, orders given, plants' own tables."""
