"""Chats: the machine, the protocol, the conductor on a real dispatcher and database, and real sockets."""
