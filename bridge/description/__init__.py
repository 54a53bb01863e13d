"""What the legacy side is for those who program against it: OpenAPI, AsyncAPI and a page, from its own tables; pure."""
