"""`claims`: what was claimed of triplet ranking and InfoNCE, decided by trials that were planned before they ran."""
