"""The page for a browser: a process of its own, which asks the agent over its control socket while somebody looks."""
