#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""openapi.py URL: holds the agent's OpenAPI document against itself and against real answers.

OPERATOR_TOKEN and VIEWER_TOKEN are in the environment; guest1 and guest2 exist. Each answer must have
a documented status and content type, a body that its schema allows, with no member that the schema
does not know; each operation must have been answered well at least once. Prints what is wrong.
"""
import json
import os
import re
import sys
import urllib.error
import urllib.request

from jsonschema import Draft202012Validator

BASE = sys.argv[1]
wrong = []


def complain(*words):
    wrong.append(" ".join(str(word) for word in words))


def ask(method, path, headers=None, body=None):
    request = urllib.request.Request(BASE + path, data=body, method=method, headers=headers or {})
    try:
        answer = urllib.request.urlopen(request, timeout=10)
    except urllib.error.HTTPError as error:
        answer = error
    kind = answer.headers.get("Content-Type", "").split(";")[0]
    text = answer.read(600) if kind == "text/event-stream" else answer.read()
    return answer.status if hasattr(answer, "status") else answer.code, kind, text, answer.headers


document = json.loads(ask("GET", "/api/v1/openapi.json")[2])


def resolve(node):
    while isinstance(node, dict) and "$ref" in node:
        found = document
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        node = found
    return node


def references(node):
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def strict(node):
    """The same schema, with members that it does not name forbidden."""
    node = resolve(node)
    if isinstance(node, list):
        return [strict(value) for value in node]
    if not isinstance(node, dict):
        return node
    made = {key: strict(value) if key != "properties" else
            {name: strict(one) for name, one in value.items()} for key, value in node.items()}
    if "properties" in node:
        made["additionalProperties"] = False
    return made


def check_structure():
    if not document["openapi"].startswith("3.1"):
        complain("openapi is", document["openapi"])
    for reference in set(references(document)):
        try:
            resolve({"$ref": reference})
        except KeyError:
            complain("nothing at", reference)
    for name, schema in document["components"]["schemas"].items():
        Draft202012Validator.check_schema(schema)
        if not set(schema.get("required", [])) <= set(schema.get("properties", {})):
            complain("schema", name, "requires what it does not have")
    seen = set()
    for path, item in document["paths"].items():
        for method, operation in item.items():
            check_operation(path, method, operation, seen)


def check_operation(path, method, operation, seen):
    where = method + " " + path
    if operation["operationId"] in seen:
        complain(where, "has an operationId that another has")
    seen.add(operation["operationId"])
    in_path = {p["name"] for p in operation["parameters"] if p["in"] == "path"}
    if in_path != set(re.findall(r"{(\w+)}", path)):
        complain(where, "has the path parameters", in_path)
    for parameter in operation["parameters"]:
        if not {"name", "in", "description", "schema"} <= set(parameter):
            complain(where, "parameter", parameter.get("name"), "is not whole")
    for name in operation.get("security", []):
        if not set(name) <= set(document["components"]["securitySchemes"]):
            complain(where, "names an unknown way to prove oneself", name)
    for status, response in operation["responses"].items():
        if not resolve(response).get("description"):
            complain(where, status, "has no description")
    if method == "post" and not {"401", "403"} <= set(operation["responses"]):
        complain(where, "is not said to be refused")


OPERATOR = {"Authorization": "Bearer " + os.environ["OPERATOR_TOKEN"]}
VIEWER = {"Authorization": "Bearer " + os.environ["VIEWER_TOKEN"]}
JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
answered_well = set()


def try_one(method, template, path, headers=None, body=None):
    status, kind, text, sent = ask(method, path, headers, body)
    operation = document["paths"][template][method.lower()]
    where = "%s %s: %d" % (method, path, status)
    response = resolve(operation["responses"].get(str(status), {}))
    if not response:
        return complain(where, "is not documented")
    content = response["content"].get(kind) or response["content"].get("*/*")
    if not content:
        return complain(where, "has the type", kind)
    for name in response.get("headers", {}):
        if name not in sent:
            complain(where, "comes without", name)
    if "json" in kind:
        for error in Draft202012Validator(strict(content["schema"])).iter_errors(json.loads(text)):
            complain(where, error.message[:200], "at", list(error.absolute_path))
    if status < 400:
        answered_well.add((template, method.lower()))
    return None


def try_all():
    api = "/api/v1"
    for template, item in document["paths"].items():
        for method in item:
            for headers in ({}, VIEWER, OPERATOR, {"Authorization": "Bearer wrong"}):
                if method == "get" and "{id}" not in template:
                    try_one("GET", template, template, headers)
    for tail in ("", "/history"):
        for guest in ("guest1", "1", "nobody", "0"):
            try_one("GET", api + "/domains/{id}" + tail, api + "/domains/" + guest + tail)
    for name in ("app.js", "style.css", "nothing.js"):
        try_one("GET", "/page/{id}", "/page/" + name)
    for query in ("?limit=3", "?action=target&result=ok", "?limit=x", "?evil=1", "?domain=guest1"):
        try_one("GET", api + "/audit", api + "/audit" + query, OPERATOR)
    try_one("POST", "/-/reload", "/-/reload", OPERATOR, b"")
    try_one("POST", "/-/reload", "/-/reload", VIEWER, b"")
    try_changes(api)


def try_changes(api):
    target, switch = api + "/domains/{id}/target", api + "/domains/{id}/selfballoon"
    one = target.replace("{id}", "guest1")
    for headers in ({}, VIEWER, OPERATOR, {"Authorization": "Bearer wrong"}):
        try_one("POST", target, one, {**headers, **FORM}, b"target_kib=250000")
    for body in (b"target_kib=1", b"target_kib=99999999", b"target_kib=100000", b"evil=1", b"",
                 b"target_kib=250000&dry_run=1", b"target_kib=100000&force=1", b"x" * 70000):
        try_one("POST", target, one, {**OPERATOR, **FORM}, body)
    try_one("POST", target, one, {**OPERATOR, **JSON}, b'{"target_kib": 262144}')
    try_one("POST", target, one, {**OPERATOR, "Content-Type": "text/csv"}, b"x")
    try_one("POST", target, one, {**OPERATOR, **FORM, "If-Match": '"old"'}, b"target_kib=262144")
    try_one("POST", target, one, {**OPERATOR, **FORM, "Origin": "http://evil.example"}, b"target_kib=1")
    policy = api + "/domains/{id}/policy"
    one = policy.replace("{id}", "guest1")
    for headers in ({}, VIEWER, OPERATOR, {"Authorization": "Bearer wrong"}):
        try_one("POST", policy, one, {**headers, **FORM}, b"policy=pressure floor%3d96")
    for body in (b"policy=greedy", b"policy=", b"policy=floor%3d96&dry_run=1", b"policy=" + b"x" * 300, b"evil=1"):
        try_one("POST", policy, one, {**OPERATOR, **FORM}, body)
    try_one("POST", policy, one, {**OPERATOR, **JSON}, b'{"policy": 7}')
    try_one("POST", policy, one, {**OPERATOR, **JSON, "If-Match": '"old"'}, b'{"policy": "pressure"}')
    for guest in ("nobody", "0", "2"):
        try_one("POST", switch, switch.replace("{id}", guest), {**OPERATOR, **JSON}, b'{"enabled": true}')
    try_one("POST", target, target.replace("{id}", "guest2"), {**OPERATOR, **FORM}, b"target_kib=250000")
    for body in (b"enabled=0", b"enabled=1&domains=guest1&domains=nobody", b"enabled=1&domains=nobody",
                 b"enabled=0&dry_run=1", b"domains=guest1"):
        try_one("POST", api + "/selfballoon", api + "/selfballoon", {**OPERATOR, **FORM}, body)
    try_one("POST", api + "/selfballoon", api + "/selfballoon", FORM, b"enabled=1")


check_structure()
try_all()
for template, item in document["paths"].items():
    for method in item:
        if (template, method) not in answered_well:
            complain(method, template, "was never answered well")
print("\n".join(wrong))
sys.exit(1 if wrong else 0)
