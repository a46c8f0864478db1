"""Jackfield's SIP stack: pure machines (message, transaction, dialog, digest, sdp) and a thin asyncio shell."""
