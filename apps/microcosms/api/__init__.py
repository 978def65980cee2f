"""Routes of microcosms (contract A 21)."""
