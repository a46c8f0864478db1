"""How the nodes of a site speak with each other."""
