"""How pytest is told about tests of an API: the names of options, of a line of the ini file, of variables and marks."""

UPDATE = "--trellis-update"
DATABASES = "--trellis-databases"
DATABASES_INI = "trellis_databases"
DATABASES_VARIABLE = "TEST_DATABASES"

OPERATIONS = "operations"
"""The mark that runs a test for each operation of a folder."""

PREFIXES = ("TRELLIS_", "OTEL_")
"""Of variables that are the developer's, and reach no test."""

URL_VARIABLE = "TRELLIS_DATABASE_URL"
EXTRA = "pip install 'trellis[testing]'"
