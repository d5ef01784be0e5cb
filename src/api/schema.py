"""The base class of models whose fields are described in the API's documentation."""

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """A model in which the docstring below a field is the field's description in the OpenAPI
    document. A field with a unit names it there. Responses always have all fields."""

    model_config = ConfigDict(
        use_attribute_docstrings=True, json_schema_serialization_defaults_required=True
    )
