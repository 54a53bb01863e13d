"""What holds for every test: a machine that is busy makes no property wrong."""

from hypothesis import HealthCheck, settings

settings.register_profile("dialbridge", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("dialbridge")
