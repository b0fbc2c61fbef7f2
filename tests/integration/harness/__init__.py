"""Real servers for the integration tests and the demo: each file starts one kind of server."""
