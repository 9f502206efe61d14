"""The parts that settings turn on: persisted operations, rate limits and traces.

The libraries of an extra are imported only where what they are for is turned on.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from .metrics import Metrics
from .persisted import MemoryStore, Persisted, Store, trusted_documents
from .playground import QUERIES
from .settings import BadSetting, Settings

if TYPE_CHECKING:
    from .rates import Rates
    from .tracing import Tracing

_TRACED_BY: Final = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


def persisted_operations(settings: Settings, metrics: Metrics) -> Persisted:
    """The documents that requests may name.

    Raises BadSetting where the folder of the trusted ones is none, or one of them is no text.
    """
    folder = Path(settings.trusted_documents) if settings.trusted_documents else QUERIES
    named = "--trusted-documents (ONEDTOUCH_TRUSTED_DOCUMENTS)"
    if not folder.is_dir():
        raise BadSetting(f"{named}: there is no such folder.")
    try:
        trusted = trusted_documents(folder)
    except (OSError, ValueError) as error:
        raise BadSetting(f"{named}: {error}.") from None
    return Persisted(trusted, only_trusted=settings.only_trusted, store=_store(settings, metrics))


def rate_limits(settings: Settings, metrics: Metrics) -> "Rates | None":
    """The rate limits, None where none is set; raises BadSetting where their package is missing."""
    by_token, by_address = settings.rate_limit, settings.rate_limit_per_address
    if not (by_token or by_address):
        return None
    try:
        # The library that counts is an extra, and not loaded where nothing is counted.
        from .rates import Rates  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise BadSetting(
            f"--rate-limit and --rate-limit-per-address need the package {error.name}, of the "
            "extra rates."
        ) from None
    return Rates(by_token, by_address, settings.policy, metrics)


def tracing_of(environment: Mapping[str, str]) -> "Tracing | None":
    """Where traces go; None where OpenTelemetry's own variables do not say.

    Raises BadSetting where they do, and its packages are missing.
    """
    wanted = any(environment.get(name) for name in _TRACED_BY)
    off = (
        environment.get("OTEL_SDK_DISABLED", "").lower() == "true"
        or environment.get("OTEL_TRACES_EXPORTER", "otlp") != "otlp"
    )
    if off or not wanted:
        return None
    try:
        # Tracing is an extra: its packages are neither needed nor loaded where it is off.
        from .tracing import Tracing  # noqa: PLC0415
    except ImportError:
        raise BadSetting(
            f"{_TRACED_BY[0]} needs opentelemetry-sdk and opentelemetry-exporter-otlp-proto-http."
        ) from None
    return Tracing(environment)


def _store(settings: Settings, metrics: Metrics) -> Store | None:
    policy = settings.policy
    if not settings.persisted_queries:
        return None
    if policy.redis_url is None:
        return MemoryStore()
    # Redis's client is not loaded where none is used.
    from .persisted_redis import RedisStore  # noqa: PLC0415

    return RedisStore(policy.redis_url, policy, metrics)
