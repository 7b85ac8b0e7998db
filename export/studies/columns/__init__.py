"""The leak-free columns, and who competes on them."""
