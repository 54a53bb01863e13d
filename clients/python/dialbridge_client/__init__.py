"""The dialbridge client: dial, watch and control calls from Python, and the `dialbridge` command."""
