"""The description of the HTTP interface (OpenAPI 3.1), as what requests and answers are held to."""

import copy
import json
from dataclasses import dataclass, field
from pathlib import Path

import jsonschema

from harness.program import ROOT

DOCUMENT = ROOT / "src" / "api" / "openapi.json"
OAS_SCHEMA = Path(__file__).resolve().parents[1] / "openapi" / "oas-3.1.json"


@dataclass
class Answer:
    status: int
    headers: dict  # names in lower case
    body: bytes

    def json(self):
        return json.loads(self.body)


@dataclass
class Exchange:
    """One request and its answer, by the operation it was meant for."""
    operation_id: str
    answer: Answer
    query: dict = field(default_factory=dict)
    content_type: str = None  # of the request; None: it had no body
    body: bytes = b""


def closed(node):
    """The same schemas, but what they do not name may not be there: a client ignores it, a test must see it."""
    if isinstance(node, list):
        return [closed(item) for item in node]
    if not isinstance(node, dict):
        return node
    made = {name: closed(value) for name, value in node.items()}
    if "properties" in made and "additionalProperties" not in made:
        made["additionalProperties"] = False
    return made


class Description:
    """The document, its operations, and what is wrong with an exchange by it."""

    def __init__(self, text):
        self.document = json.loads(text)
        self._closed = closed(copy.deepcopy(self.document))
        self._resolver = jsonschema.RefResolver("", self._closed)
        self.operations = {}  # by id: (method, path, operation with the parameters of its path)
        for path, item in self._closed["paths"].items():
            for method, operation in item.items():
                if method != "parameters":
                    parameters = [*item.get("parameters", []), *operation.get("parameters", [])]
                    self.operations[operation["operationId"]] = (
                        method.upper(), path, {**operation, "parameters": [self.resolved(one) for one in parameters]})

    def resolved(self, node):
        while "$ref" in node:
            node = self._resolver.resolve(node["$ref"])[1]
        return node

    def operation(self, operation_id):
        return self.operations[operation_id][2]

    def needs_token(self, operation_id):
        return self.operation(operation_id).get("security", self.document["security"]) != []

    def statuses(self, operation_id):
        return {int(status) for status in self.operation(operation_id)["responses"]}

    def request_examples(self, operation_id):
        """(content type, body) of each."""
        for content_type, media in self.operation(operation_id).get("requestBody", {}).get("content", {}).items():
            for example in media.get("examples", {}).values():
                text = json.dumps(example["value"]) if content_type == "application/json" else example["value"]
                yield content_type, text.encode()

    def problems(self, value, schema):
        validator = jsonschema.Draft202012Validator(schema, resolver=self._resolver)
        return [f"{error.json_path}: {error.message[:300]}" for error in validator.iter_errors(value)]

    def problems_of_body(self, content, content_type, body):
        """Of a body of this type, by the `content` of a request or a response."""
        plain_type = (content_type or "").partition(";")[0].strip()
        if plain_type not in content:
            return [f"has the type {content_type!r}, not one of {sorted(content)}"]
        media = content[plain_type]
        if "x-line-schema" in media:
            lines = [json.loads(line) for line in body.splitlines() if line.strip()]
            return [problem for line in lines for problem in self.problems(line, media["x-line-schema"])]
        value = json.loads(body) if plain_type == "application/json" else body.decode()
        return self.problems(value, media["schema"])

    def problems_of_answer(self, exchange):
        answer = exchange.answer
        response = self.operation(exchange.operation_id)["responses"].get(str(answer.status))
        if response is None:
            return [f"the status {answer.status} is not described"]
        response = self.resolved(response)
        problems = self.problems_of_body(response["content"], answer.headers.get("content-type"), answer.body)
        for name, described in response.get("headers", {}).items():
            described = self.resolved(described)
            value = answer.headers.get(name.lower())
            if value is None:
                problems.append(f"the header {name} is missing")
            else:
                problems += self.problems(from_text(value, described["schema"]), described["schema"])
        return problems

    def problems_of_request(self, exchange):
        operation = self.operation(exchange.operation_id)
        problems = []
        described = {one["name"]: one for one in operation["parameters"] if one["in"] == "query"}
        for name, value in exchange.query.items():
            if name not in described:
                problems.append(f"the parameter {name} is not described")
            else:
                problems += self.problems(from_text(value, described[name]["schema"]), described[name]["schema"])
        request = operation.get("requestBody", {"required": False, "content": {}})
        if exchange.content_type is None:
            return problems + (["the body is missing"] if request["required"] else [])
        return problems + self.problems_of_body(request["content"], exchange.content_type, exchange.body)


def from_text(text, schema):
    """What a parameter or a header stands for."""
    return int(text) if schema.get("type") == "integer" and str(text).isdigit() else text
