"""Many diagnoses become few alerts, or one verdict: detect first, then name."""
