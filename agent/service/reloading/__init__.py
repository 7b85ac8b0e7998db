"""Another config or bundle while the agent runs: compared, tried, handed over, watched, and taken back."""
