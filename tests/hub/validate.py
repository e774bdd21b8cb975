#!/usr/bin/python3
"""Checks captured messages (topic TAB payload, a line each) against the schemas with a third party's validator.

validate.py SCHEMAS CAPTURE; prints how many of each type were valid.
"""

import collections
import json
import sys

import jsonschema

schemas = json.load(open(sys.argv[1]))
validators = {}
for kind, schema in schemas.items():
    jsonschema.Draft202012Validator.check_schema(schema)
    validators[kind] = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())

counts = collections.Counter()
for line in open(sys.argv[2], encoding="utf-8"):
    topic, payload = line.rstrip("\n").split("\t", 1)
    message = json.loads(payload)
    faults = list(validators[message["type"]].iter_errors(message))
    if faults:
        fault = jsonschema.exceptions.best_match(faults)
        sys.exit(f"{topic}: {message['type']}: {fault.json_path}: {fault.message}")
    counts[message["type"]] += 1
print(json.dumps(counts))
