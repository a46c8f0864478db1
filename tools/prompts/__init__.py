"""Makes the demo site's sounds: speech rendered from texts.toml, and music on hold."""
