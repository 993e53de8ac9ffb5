"""Reading `http`: a request that a template makes.

https://argo-workflows.readthedocs.io/en/latest/http-template/
"""

from functools import partial

from pipeline.engine.language import expr
from pipeline.engine.manifest.fields import Fields
from pipeline.engine.spec import Http, Variable


def read_http(fields: Fields) -> Http:
    """The field `http`."""
    fields.unsupported("bodyFrom")
    success = fields.text("successCondition")
    try:
        if success and "{{" not in success:
            expr.check(success)
    except expr.NotEvaluated as error:
        fields.refuse(f"is {success!r}: {error}", "successCondition")
    return Http(
        url=fields.required("url"),
        method=fields.text("method") or "GET",
        headers=fields.read_each("headers", _header),
        body=fields.text("body"),
        success=success,
        timeout_seconds=fields.any_text("timeoutSeconds") or "30",
        insecure=fields.flag("insecureSkipVerify"),
    )


def _header(fields: Fields) -> Variable:
    name, value = fields.required("name"), fields.text("value")
    return fields.read("valueFrom", partial(_secret, name=name)) or Variable(name, value)


def _secret(fields: Fields, name: str) -> Variable:
    reference = fields.mapping("secretKeyRef") or fields.refuse("is missing", "secretKeyRef")
    found = Variable(name, None, "secret", reference.required("name"), reference.required("key"))
    reference.ignore("optional")
    reference.done()
    return found
