"""The Bayeux protocol, the server's side, as values and state without I/O: no clock, no chance, no sockets.

Bayeux 1.0, and what CometD made of it: docs.cometd.org, reference, appendix "The Bayeux Protocol".
"""
