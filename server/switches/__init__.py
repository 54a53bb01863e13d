"""What places calls: implementations of server.switch.Switch, one a module."""
