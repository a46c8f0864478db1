"""The node's way to browsers and programs: the port, certificates, accounts, programs' work and webhooks."""
