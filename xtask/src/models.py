"""Drops documentation and examples from one botocore model: python3 models.py FROM.json.gz TO.json"""
import gzip
import json
import os
import sys

PROSE = {"documentation", "documentationUrl", "deprecatedMessage", "examples", "internalonly"}
# Members of shapes may bear these names too: only keys of the model's own language are dropped.
CONTAINERS = {"members", "shapes", "operations"}


def strip(value, inside=None):
    if isinstance(value, dict):
        keep_all = inside in CONTAINERS
        return {k: strip(v, None if keep_all else k) for k, v in value.items() if keep_all or k not in PROSE}
    if isinstance(value, list):
        return [strip(v) for v in value]
    return value


def paginators(model):
    """Which operations page, and by which members: botocore keeps it in a file of its own."""
    for opener, name in ((open, "paginators-1.json"), (gzip.open, "paginators-1.json.gz")):
        path = os.path.join(os.path.dirname(model), name)
        if os.path.exists(path):
            with opener(path) as source:
                return json.load(source)["pagination"]
    return {}


with gzip.open(sys.argv[1]) as source:
    model = strip(json.load(source))
for name, pages in paginators(sys.argv[1]).items():
    if name in model["operations"]:
        model["operations"][name]["pagination"] = {key: pages[key] for key in ("input_token", "output_token")}
for key in ("clientContextParams", "endpointRuleSet"):
    model.pop(key, None)
for operation in model["operations"].values():
    for key in ("endpoint", "staticContextParams", "operationContextParams", "endpointdiscovery"):
        operation.pop(key, None)
with open(sys.argv[2], "w", encoding="utf-8") as target:
    json.dump(model, target, indent=1, sort_keys=False, ensure_ascii=False)
    target.write("\n")
