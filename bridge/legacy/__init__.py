"""Northbound: serves legacy REST and CometD clients as an ordinary client of the facade."""
