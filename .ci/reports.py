#!/usr/bin/env python3
"""Holds bundles of Attack Flow 2.0.0 against STIX 2.1 and against the rules of its own objects. See .ci/reports.

What STIX says of every object is checked by `stix2-validator` with the JSON Schemas that it brings along. What Attack
Flow adds is written down here after its public documentation ("Attack Flow SDOs"), as a JSON Schema of 2020-12.
"""

import json
import sys

import jsonschema
from stix2validator import ValidationOptions, validate_string

EXTENSION = "extension-definition--fb9c968a-745b-4ade-9b25-c324172197f4"
OWN = ("attack-flow", "attack-action", "attack-asset", "attack-condition", "attack-operator")
TEXT = {"type": "string", "minLength": 1}
TIME = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$"}


def refs(*kinds):
    one = {"type": "string", "pattern": f"^({'|'.join(kinds)})--[0-9a-f-]{{36}}$"}
    return {"type": "array", "items": one, "minItems": 1, "uniqueItems": True}


EFFECTS = refs("attack-action", "attack-operator", "attack-condition")
FIELDS = {
    "attack-flow": ({"name": TEXT, "description": TEXT, "scope": {"enum": ["incident", "campaign", "threat-actor", "malware", "attack-tree", "other"]}, "start_refs": refs("attack-action", "attack-condition")}, ["name", "scope", "start_refs"]),
    "attack-action": ({"name": TEXT, "tactic_id": {"type": "string", "pattern": r"^TA\d{4}$"}, "technique_id": {"type": "string", "pattern": r"^T\d{4}(\.\d{3})?$"}, "description": TEXT, "execution_start": TIME, "execution_end": TIME, "asset_refs": refs("attack-asset"), "effect_refs": EFFECTS}, ["name"]),
    "attack-asset": ({"name": TEXT, "description": TEXT}, ["name"]),
    "attack-condition": ({"description": TEXT, "on_true_refs": EFFECTS, "on_false_refs": EFFECTS}, ["description"]),
    "attack-operator": ({"operator": {"enum": ["AND", "OR"]}, "effect_refs": EFFECTS}, ["operator"]),
}


def schema(kind):
    fields, required = FIELDS[kind]
    common = {
        "type": {"const": kind},
        "spec_version": {"const": "2.1"},
        "id": {"type": "string", "pattern": f"^{kind}--[0-9a-f]{{8}}-[0-9a-f]{{4}}-[1-5][0-9a-f]{{3}}-[89ab][0-9a-f]{{3}}-[0-9a-f]{{12}}$"},
        "created": TIME,
        "modified": TIME,
        "created_by_ref": {"type": "string", "pattern": "^identity--"},
        "extensions": {"type": "object", "properties": {EXTENSION: {"type": "object", "properties": {"extension_type": {"const": "new-sdo"}}, "required": ["extension_type"]}}, "required": [EXTENSION]},
    }
    return {"type": "object", "properties": common | fields, "required": ["type", "spec_version", "id", "created", "modified", "extensions", *required], "additionalProperties": False}


def faults(bundle):
    objects = bundle["objects"]
    ids = [thing["id"] for thing in objects]
    if len(set(ids)) != len(ids):
        yield "an id stands twice"
    own = [thing for thing in objects if thing["type"] in OWN]
    if sum(thing["type"] == "attack-flow" for thing in own) != 1:
        yield "not one flow"
    if not any(thing["id"] == EXTENSION for thing in objects):
        yield "the extension is not in the bundle"
    for thing in own:
        for error in jsonschema.Draft202012Validator(schema(thing["type"])).iter_errors(thing):
            yield f"{thing['id']}: {'/'.join(map(str, error.path))}: {error.message[:200]}"
        named = [ref for name, value in thing.items() if name.endswith("_refs") for ref in value]
        yield from (f"{thing['id']}: {ref} is not there" for ref in named if ref not in ids)
    reached = {ref for thing in own for name, value in thing.items() if name.endswith("_refs") for ref in value}
    yield from (f"{thing['id']} is reached from nowhere" for thing in own if thing["type"] == "attack-action" and thing["id"] not in reached)


def told_by_stix(text):
    told = validate_string(text, ValidationOptions(version="2.1"))
    return [str(error) for error in told.errors or []]


def checks_find_faults(bundle):
    """Whether a bundle with one fault each is refused: a check that can not fail shows nothing."""
    action = next(at for at, thing in enumerate(bundle["objects"]) if thing["type"] == "attack-action")

    def broken(**changed):
        copy = json.loads(json.dumps(bundle))
        copy["objects"][action] |= changed
        return copy

    refused = [list(faults(broken(technique_id="1098"))), list(faults(broken(effect_refs=["attack-action--gone"])))]
    refused.append(told_by_stix(json.dumps(broken(created="yesterday"))))
    return all(refused)


def main(paths):
    bad = 0
    for path in paths:
        text = open(path).read()
        found = list(faults(json.loads(text)))
        found += told_by_stix(text)
        if not checks_find_faults(json.loads(text)):
            found.append("the checks let a fault pass")
        bad += bool(found)
        print(f"{path.rsplit('/', 1)[-1]}: {len(json.loads(text)['objects'])} objects, {len(found)} faults")
        print("".join(f"  {fault}\n" for fault in found[:10]), end="")
    return bad


sys.exit(1 if main(sys.argv[1:]) or len(sys.argv) < 2 else 0)
