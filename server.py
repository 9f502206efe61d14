"""The command: arguments and environment become settings, these an application that is served."""

import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from socket import EAI_AGAIN, EAI_NONAME

if __name__ == "__main__":
    # What follows takes a second to import: Ctrl-C in it ends the process, without a traceback.
    signal.signal(signal.SIGINT, signal.SIG_DFL)

import sandbox
from web import logs
from web.app import create_app
from web.malloc import keep_freed_memory
from web.playground import SandboxUser, is_installed
from web.serving import listening_socket, serve
from web.settings import BadSetting, Settings, settings_from


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Serve until a signal; the exit code is 2 for a bad setting, 1 where it can't begin."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        settings = settings_from(arguments, environment)
        return run(settings, environment)
    except BadSetting as error:
        return _failed(2, str(error))
    except KeyboardInterrupt:
        return 0


def run(settings: Settings, environment: Mapping[str, str]) -> int:
    """Serve with these settings; `environment` may turn tracing on."""
    logs.configure(settings.log_format, settings.log_level)
    keep_freed_memory(settings.malloc_threshold)
    with ExitStack() as stack:
        try:
            listening = stack.enter_context(listening_socket(settings.host, settings.port))
        except OSError as error:
            where = _place(settings.host, settings.port)
            reason = str(error.strerror).partition(" (while")[0]
            # Another port may do, or this one later; a host that nobody knows is a bad setting.
            code = 2 if error.errno in {EAI_NONAME, EAI_AGAIN} else 1
            return _failed(code, f"can't listen on {where}: {reason}.")
        lines = [f"GraphiQL is at {_address(settings.host, listening.getsockname()[1])}/graphql"]
        user = None
        if settings.upstream:
            lines.append(f"It asks {settings.upstream}")
        else:
            try:
                child = stack.enter_context(sandbox.start_child())
            except OSError as error:
                return _failed(1, f"can't start the sandbox: {error}.")
            settings = replace(settings, upstream=child.url)
            user = SandboxUser(child.username, child.password)
            lines += [
                f"It asks the sandbox, at {child.url}: no --upstream was named",
                f"Log in there as {child.username} with the password {child.password}",
            ]
        if not is_installed():
            lines.append("GraphiQL's own files are missing: scripts/install-playground brings them")
        app = create_app(settings, sandbox_user=user, environment=environment)
        serve(app, listening, lambda: _say(*lines, "Ctrl-C stops it"))
    return 0


def _address(host: str, port: int) -> str:
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - read, not bound
    return f"http://{_place(reachable, port)}"


def _place(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _say(*lines: str) -> None:
    print(*lines, sep="\n", flush=True)  # noqa: T201 - it is a command


def _failed(code: int, sentence: str) -> int:
    print(f"server.py: {sentence}", file=sys.stderr)  # noqa: T201 - it is a command
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
