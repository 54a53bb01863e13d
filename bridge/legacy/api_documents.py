"""Serves the description of the API, to everybody: the OpenAPI and AsyncAPI documents, and the page made of them."""

from importlib.metadata import version
from importlib.resources import files

from bridge.description.asyncapi import asyncapi
from bridge.description.openapi import openapi
from bridge.description.page import page
from bridge.description.paths import ASYNCAPI_PATH, OPENAPI_PATH, PAGE_PATH
from bridge.legacy.static_files import StaticFile, StaticFiles
from bridge.strict_json import dumps

_JSON = "application/json; charset=UTF-8"
STYLE_PATH = f"{PAGE_PATH}.css"


def api_documents(external_url: str) -> StaticFiles:
    """The documents of a bridge whose resources clients find under ``external_url``, made once."""
    release = version("dialbridge")
    rest, events = openapi(external_url, release), asyncapi(external_url, release)
    style = files("bridge.description").joinpath("page.css").read_bytes()
    return StaticFiles(
        {
            OPENAPI_PATH: StaticFile.of(_JSON, dumps(rest)),
            ASYNCAPI_PATH: StaticFile.of(_JSON, dumps(events)),
            PAGE_PATH: StaticFile.of("text/html; charset=utf-8", page(rest, events).encode()),
            STYLE_PATH: StaticFile.of("text/css; charset=utf-8", style),
        }
    )
