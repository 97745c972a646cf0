"""What all tests share: examples are judged by what they find, never by how long a busy machine takes for them."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from firmware.report import NodeReport

settings.register_profile("anju", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("anju")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of our own."""
    told = "write what each interpreter said of the node's own tests to FILE"
    parser.addoption("--node-report", metavar="FILE", type=Path, help=told)


def pytest_configure(config: pytest.Config) -> None:
    """Watch the node's own tests, which run on three interpreters; processes log as for a person who reads it."""
    os.environ.setdefault("ANJU_LOG", "text")
    config.pluginmanager.register(NodeReport(config.getoption("node_report")))
