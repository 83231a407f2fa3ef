"""The scalar `Upload`: its values come beside the JSON of a request, as variables.

Whoever declares a mutation that takes files imports this module; a schema of others has no such type, and may call one
of its own so. Nothing of a file is ever written as JSON.
Source: https://github.com/jaydenseric/graphql-multipart-request-spec
"""

from graphql import GraphQLError

from graph.entity.scalar_type import ScalarType
from graph.entity.types import register_type
from graph.files.upload import Upload


def _parsed(value: object) -> Upload:
    if not isinstance(value, Upload):
        raise GraphQLError("A file is sent beside the JSON: as a part of multipart/form-data, named by `map`.")
    return value


UPLOAD = ScalarType(
    annotation=Upload,
    name="Upload",
    description="A file, sent beside the JSON of the request as its multipart form has it; a variable holds its place.",
    specified_by="https://github.com/jaydenseric/graphql-multipart-request-spec",
    parse=_parsed,
    operators=(),
)
register_type(UPLOAD)
