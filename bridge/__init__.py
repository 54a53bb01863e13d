"""Every wire that is not gRPC, in both directions; knows the contract and nothing of the server."""
