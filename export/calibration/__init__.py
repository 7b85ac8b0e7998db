"""Temperatures and limits, fitted on what training did not see."""
