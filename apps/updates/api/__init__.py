"""Routes of what members ignore, watch and are told."""
