from tests.services.conftest import _house  # noqa: F401 - the fixture `house`
