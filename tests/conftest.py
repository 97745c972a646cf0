"""What all tests share: examples are judged by what they find, never by how long a busy machine takes for them."""

from hypothesis import HealthCheck, settings

settings.register_profile("anju", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("anju")
