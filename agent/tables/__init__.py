"""Tables of numbers as text, for files and live lines alike: how they are written, and what each column is.

Pure: lines in, values out. Only acceleration becomes an axis; what cannot be told is a `Question`; nothing is
raised.
"""
