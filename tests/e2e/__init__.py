"""Real server processes, asked over the network of this machine."""
