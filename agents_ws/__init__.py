"""The agents' WebSocket protocol: typed messages, numbered delivery with resume, one connection for each agent."""
