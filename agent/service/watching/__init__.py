"""What others may see of a running agent: log lines, figures for Prometheus, and the raw windows around alerts."""
