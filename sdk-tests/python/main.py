"""Runs scenarios. `--list` prints one JSON line `{name, title}` for each. Otherwise the name of one is read from each line of
stdin, and answered by one JSON line on stdout: `{name, error}`, with the traceback where it has failed and null where it has not."""
import inspect
import json
import sys
import traceback

from scenarios import attestors, credentials, errors, keys, lists, notes, pipeline, policies, repositories

MODULES = [pipeline, keys, notes, attestors, policies, errors, lists, repositories, credentials]

SCENARIOS = {
    f'{module.__name__.rsplit(".")[-1]}.{name}': function
    for module in MODULES
    for name, function in vars(module).items()
    if inspect.isfunction(function) and function.__module__ == module.__name__ and not inspect.signature(function).parameters
}


def error_of(name: str) -> str | None:
    try:
        SCENARIOS[name]()
    except Exception:
        return traceback.format_exc()
    return None


if '--list' in sys.argv:
    for name, function in SCENARIOS.items():
        print(json.dumps({'name': name, 'title': ' '.join(function.__doc__.split())}))
else:
    for line in sys.stdin:
        print(json.dumps({'name': line.strip(), 'error': error_of(line.strip())}), flush=True)
