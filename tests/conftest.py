"""Fixtures for every test. They live in tests/fixtures/, one subject a file."""

from hypothesis import settings

pytest_plugins = [
    "tests.fixtures.postgresql",  # before the databases that it serves
    "tests.fixtures.redis",
    "tests.fixtures.databases",
    "tests.fixtures.places",
    "tests.fixtures.standards",
    "tests.fixtures.host",
    "tests.fixtures.succession",
    "tests.fixtures.commands",
    "tests.fixtures.browser",
    "tests.fixtures.network",
    "tests.fixtures.audited",
    "tests.fixtures.web",
    "tests.fixtures.provider",
    "tests.fixtures.providers",
    "tests.fixtures.hostile",
    "tests.fixtures.prefectures",
    "tests.fixtures.jobs",
    "tests.fixtures.rollouts",
    "tests.fixtures.papers_desk",
]

# A time limit on one example fails on a busy machine and says nothing about the code.
settings.register_profile("townhall", deadline=None)
settings.load_profile("townhall")
