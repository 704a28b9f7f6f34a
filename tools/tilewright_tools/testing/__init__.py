"""What the project's tests are written with: tiers, the lit test format, expected diagnostics."""
