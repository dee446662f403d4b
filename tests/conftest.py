"""What all tests share: a kernel without remnants, and time for hypothesis, as a machine may be busy."""

from hypothesis import HealthCheck, settings

from tests import killed_runs

settings.register_profile("engine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("engine")


def pytest_sessionstart() -> None:
    """Begin where no earlier run's engines answer."""
    killed_runs.sweep()
