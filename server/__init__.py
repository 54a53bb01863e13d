"""The gRPC facade and the call engine: who may dial, what becomes of a call, who is told; nothing of HTTP or Bayeux."""
