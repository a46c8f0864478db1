"""`make call`: a real SIP call with a recorded voice into the running server, and the story of what became of it."""
