"""The project's features: what every stage, the monitor and the service compute the same way."""
