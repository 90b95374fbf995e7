"""Holds events against JSON Schemas made by ocsf-json-schema. See .ci/independent.

What is counted and is no failure, with its reason:

* `pattern`: a text that has not the form of its type. The text is the source's own (a login that is no mail
  address where OCSF expects one); our validator warns of it too, and an event is not to lie about its source.
* a constraint over dotted paths (patch_state): the package asks for an attribute with dots in its name. Such an
  alternative is left out of the schema; our validator follows the path.
* `null`: our writer leaves out what is not told, yet OCSF that came in with a null goes out with it. A null is taken
  as not told, as the OCSF server takes it.
"""

import collections
import hashlib
import json
import sys

import jsonschema
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

VERSION = "1.8.0"


def without_nulls(value):
    if isinstance(value, dict):
        return {name: without_nulls(inner) for name, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [without_nulls(inner) for inner in value]
    return value


def bare(event):
    """The event as the schemas see it: nulls count inside what OCSF leaves open, and only there."""
    kept = without_nulls(event)
    if "unmapped" in event:
        kept["unmapped"] = event["unmapped"]
    return kept


def without_dots(schema):
    for rule in ("anyOf", "oneOf"):
        asked = schema.get(rule)
        if asked and any("." in name for one in asked for name in one.get("required", [])):
            del schema[rule]
    for inner in schema.get("$defs", {}).values():
        without_dots(inner)
    return schema


class Schemas:
    def __init__(self):
        source = get_ocsf_schema(version=VERSION)
        self.maker = OcsfJsonSchemaEmbedded(source)
        self.names = {told["uid"]: name for name, told in source["classes"].items()}
        self.profiles = list(source["profiles"])
        self.made = {}

    def of(self, event):
        """The validator of the event's class with the profiles that it names, by full or short name."""
        named = (event.get("metadata") or {}).get("profiles") or []
        applied = tuple(sorted(p for p in self.profiles if p in named or p.rsplit("/")[-1] in named))
        key = (event.get("class_uid"), applied)
        if key not in self.made:
            if key[0] not in self.names:
                return None
            schema = without_dots(self.maker.get_class_schema(self.names[key[0]], list(applied)))
            self.made[key] = jsonschema.Draft202012Validator(schema)
        return self.made[key]


def place(error):
    return ".".join("[]" if isinstance(part, int) else part for part in error.absolute_path)


def read(paths):
    for path in paths:
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                event = json.loads(line) if line.strip() else {}
                # Events that came in as OCSF of another release are others' own, handed on as they are.
                if (event.get("metadata") or {}).get("version") == VERSION:
                    yield path, event


def sample(paths, most):
    """Of each class the `most` events with the least hashes: spread evenly, and the same in every run."""
    classes = collections.defaultdict(list)
    for path, event in read(paths):
        text = json.dumps(event, sort_keys=True)
        classes[event.get("class_uid")].append((hashlib.sha256(text.encode()).digest(), path, event))
        if len(classes[event.get("class_uid")]) > 8 * most:
            classes[event.get("class_uid")] = sorted(classes[event.get("class_uid")], key=lambda one: one[0])[:most]
    return {uid: sorted(events, key=lambda one: one[0])[:most] for uid, events in classes.items()}


def main(arguments):
    most = 200
    if arguments[:1] == ["--most"]:
        most, arguments = int(arguments[1]), arguments[2:]
    if not arguments:
        sys.exit("usage: .ci/independent [--most N] FILE...")
    schemas, failed = Schemas(), collections.Counter()
    for uid, events in sorted(sample(arguments, most).items(), key=lambda one: str(one[0])):
        invalid = patterns = 0
        for _, path, event in events:
            validator = schemas.of(event)
            errors = list(validator.iter_errors(bare(event))) if validator else [None]
            patterns += sum(1 for error in errors if error and error.validator == "pattern")
            broken = [error for error in errors if not error or error.validator != "pattern"]
            invalid += bool(broken)
            for error in broken:
                rule, where = (error.validator, place(error)) if error else ("class", "class_uid")
                extra = ""
                if rule == "additionalProperties":
                    known = error.schema.get("properties", {})
                    extra = ",".join(sorted(set(error.instance) - set(known)))
                if rule == "required":
                    extra = ",".join(sorted(set(error.schema["required"]) - set(error.instance)))
                failed[(uid, rule, where, extra, path)] += 1
        print(f"class {uid}: {len(events)} events, {invalid} invalid, {patterns} texts of another form")
    # Rules and places, never values.
    for (uid, rule, where, extra, path), count in failed.most_common(40):
        print(f"  {count} x class {uid}: {rule} at {where or 'the event'} {extra} in {path}")
    sys.exit(1 if failed else 0)


main(sys.argv[1:])
