"""From blocks to windows: true time and rate, no window over a gap, quality, the ledger of every sample."""
