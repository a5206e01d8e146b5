"""How the shipped models were made: `python -m models.training STEP`, run from the checkout (see README.md)."""
