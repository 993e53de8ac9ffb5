"""Reads EventSources and Sensors for the local watch; what that does not do is refused by file, line and field."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from pipeline.engine.manifest import Fields, Located, read
from pipeline.errors import Refused
from pipeline.events.models import API_VERSION, RECORDS, EventSource, SecretKey, Sensor

_DESTINATION = "spec.arguments.parameters.{}.value"


def read_sensors(files: Iterable[Path]) -> tuple[list[tuple[EventSource, Sensor]], list[Refused]]:
    """The Sensors of these files, each with the EventSource that it depends on; and a refusal for each that the watch
    cannot do. Documents of other kinds, and files that cannot be read, are passed over."""
    sources: dict[tuple[str, str], EventSource] = {}
    sensors: list[Sensor] = []
    refused: list[Refused] = []
    for file, document in _documents(files):
        fields = Fields(document, "", str(file))
        try:
            if document["kind"] == "EventSource":
                source = _source(fields)
                sources[source.name, source.event] = source
            else:
                sensors.append(_sensor(fields))
        except Refused as problem:
            refused.append(problem)
    found = []
    for sensor in sensors:
        source_of = sources.get((sensor.source, sensor.event))
        if source_of is not None:
            found.append((source_of, sensor))
            continue
        there = ", ".join(f"{event} of {name}" for name, event in sources) or "none"
        refused.append(
            Refused(
                f"the Sensor {sensor.name} depends on {sensor.event} of the EventSource {sensor.source}, which is not "
                f"there; there are {there}"
            )
        )
    return found, refused


def _documents(files: Iterable[Path]) -> Iterator[tuple[Path, Located]]:
    for file in files:
        try:
            found = read(file)
        except Refused:
            continue  # reported by the reader of workflows
        yield from ((file, each) for each in found if each.get("kind") in {"EventSource", "Sensor"})


def _top(top: Fields, kind: str) -> tuple[str, str, Fields]:
    if top.required("apiVersion") != API_VERSION:
        top.refuse(f"is not {API_VERSION}", "apiVersion")
    top.ignore("kind", "status")
    metadata = _in(top, "metadata")
    name, project = metadata.required("name"), metadata.plain("labels").get("app.kubernetes.io/instance", "")
    metadata.ignore("annotations", "namespace")
    metadata.done()
    spec = _in(top, "spec")
    top.done()
    spec.where = f"{kind} {name}: spec"
    spec.ignore("eventBusName", "replicas", "template", "revisionHistoryLimit", "loggingFields")
    return name, project, spec


def _in(fields: Fields, name: str) -> Fields:
    return fields.mapping(name) or fields.refuse("is missing", name)


def _source(top: Fields) -> EventSource:
    name, project, spec = _top(top, "EventSource")
    kinds = _in(spec, "minio")
    spec.done()
    events = kinds.names()
    if len(events) != 1:
        kinds.refuse(f"has {len(events)} entries; wanted one, since of several a dead one is not restarted")
    entry = _in(kinds, events[0])
    entry.ignore("insecure", "region", "metadata")
    entry.unsupported("caCertificate")
    bucket, chosen = _in(entry, "bucket"), entry.mapping("filter")
    bucket.unsupported("key")
    prefix, suffix = (chosen.text("prefix"), chosen.text("suffix")) if chosen is not None else ("", "")
    source = EventSource(
        name=name,
        project=project,
        event=events[0],
        endpoint=entry.required("endpoint"),
        bucket=bucket.required("name"),
        prefix=prefix,
        suffix=suffix,
        events=entry.texts("events") or entry.refuse("is missing", "events"),
        access_key=_key(_in(entry, "accessKey")),
        secret_key=_key(_in(entry, "secretKey")),
    )
    for fields in (bucket, *filter(None, [chosen]), entry):
        fields.done()
    return source


def _key(fields: Fields) -> SecretKey:
    key = SecretKey(fields.required("name"), fields.required("key"))
    fields.done()
    return key


def _one(fields: Fields, name: str) -> Fields:
    found = list(fields.mappings(name))
    if len(found) != 1:
        fields.refuse(f"has {len(found)} entries; the local watch does one", name)
    return found[0]


def _sensor(top: Fields) -> Sensor:
    name, project, spec = _top(top, "Sensor")
    spec.unsupported("errorOnFailedRound")
    dependency, trigger = _one(spec, "dependencies"), _one(spec, "triggers")
    spec.done()
    dependency.unsupported("filters", "transform", "filtersLogicalOperator")
    alias, source = dependency.required("name"), dependency.required("eventSourceName")
    event = dependency.required("eventName")
    dependency.done()
    if not trigger.flag("atLeastOnce") or not trigger.has("retryStrategy"):
        trigger.refuse(
            "must be true, with a retryStrategy beside it: without them an upload may be lost", "atLeastOnce"
        )
    trigger.ignore("retryStrategy")
    trigger.unsupported("parameters", "policy", "rateLimit", "dlqTrigger")
    template = _in(trigger, "template")
    trigger.done()
    template.ignore("name")
    template.unsupported("conditions", "conditionsReset")
    action = _in(template, "k8s")
    template.done()
    if action.required("operation") != "create":
        action.refuse("must be create", "operation")
    action.unsupported("patchStrategy", "liveObject")
    source_of = _in(action, "source")
    resource = _in(source_of, "resource")
    source_of.done()
    generate_name, workflow, parameters = _workflow(resource)
    parameter = _parameter(_one(action, "parameters"), alias, parameters)
    action.done()
    return Sensor(name, project, source, event, generate_name, workflow, parameter)


def _workflow(fields: Fields) -> tuple[str, str, list[str]]:
    """The beginning of the started workflow's name, its template, and its parameters."""
    if fields.required("kind") != "Workflow":
        fields.refuse("must be Workflow", "kind")
    fields.ignore("apiVersion")
    metadata, spec = _in(fields, "metadata"), _in(fields, "spec")
    fields.done()
    generate_name = metadata.required("generateName")
    metadata.ignore("labels", "annotations")
    metadata.done()
    reference, arguments = _in(spec, "workflowTemplateRef"), _in(spec, "arguments")
    spec.done()
    workflow = reference.required("name")
    reference.done()
    parameters = []
    for each in arguments.mappings("parameters"):
        parameters.append(each.required("name"))
        if each.any_text("value"):
            each.refuse("must be empty: the notification takes its place", "value")
        each.done()
    arguments.done()
    return generate_name, workflow, parameters


def _parameter(fields: Fields, alias: str, names: list[str]) -> str:
    """The parameter that gets the notification."""
    source, destination = _in(fields, "src"), fields.required("dest")
    fields.unsupported("operation")
    fields.done()
    if source.required("dependencyName") != alias:
        source.refuse(f"must be {alias}", "dependencyName")
    if source.required("dataTemplate") != RECORDS:
        source.refuse(f"is {source.text('dataTemplate')!r}; the local watch does {RECORDS!r}", "dataTemplate")
    source.done()
    if names and destination == _DESTINATION.format(0) and len(names) == 1:
        return names[0]
    return fields.refuse(f"is {destination!r}; wanted {_DESTINATION.format(0)!r} of one parameter", "dest")
