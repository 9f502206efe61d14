"""The policy: every bound, patience and lifetime in asking the REST API, with its default."""

from dataclasses import dataclass, field, fields
from typing import Final, Literal, TypeAlias, get_args

Compression: TypeAlias = Literal["identity", "gzip"]

_AT_LEAST_ONE: Final = frozenset(
    {"most_body_bytes", "most_concurrent", "most_concurrent_per_token", "most_refreshes"}
)
_ABOVE_ZERO: Final = frozenset(
    {
        "connect_timeout",
        "request_timeout",
        "breaker_window",
        "breaker_pause",
        "redis_timeout",
        "redis_pause",
    }
)
_SHARES: Final = frozenset({"retry_budget", "breaker_share"})


@dataclass(frozen=True, kw_only=True)
class Policy:
    """How the REST API is asked. ValueError, which names the field, where one makes no sense."""

    connect_timeout: float = 2.0
    """Seconds until a connection must stand, name resolution included."""

    request_timeout: float = 5.0
    """Seconds until one HTTP request must have its whole answer; never beyond the caller's
    deadline."""

    keepalive: float = 30.0
    """Seconds that an idle connection is kept."""

    most_body_bytes: int = 16 * 1024 * 1024
    """Bytes of the largest body that is read, on the wire and decompressed."""

    compression: Compression = "identity"
    """What is asked of the REST API: "identity" on a network of our own, "gzip" across the
    internet."""

    most_concurrent: int = 64
    """HTTP requests under way at once, over all callers."""

    most_concurrent_per_token: int = 48
    """HTTP requests under way at once for one token."""

    longest_queue: int = 8192
    """Requests that may wait for their turn; 0 for none."""

    batch_wait: float = 1.0
    """Seconds for which the many requests of one operation wait at most, all together, until those
    of another have left room: a batch that is not mixed with others costs less, and is answered
    sooner; 0 to let all take turns at once. With a Redis none waits: it may have the answers."""

    most_retries: int = 2
    """Times that a failed GET is sent again; 0 for never."""

    retry_budget: float = 0.1
    """Retries that each request pays for, saved up to the reserve."""

    retry_reserve: int = 100
    """Retries that are saved up at most, and there from the start; one a second comes by itself; 0
    for no retries at all."""

    retry_pause: float = 0.1
    """Seconds of the longest pause before the first retry; each later one may be twice as long."""

    longest_retry_after: float = 2.0
    """Seconds of Retry-After that are waited for on a 429; beyond, the caller is told at once."""

    breaker_failures: int = 20
    """Failures within the window, one a question however often it was sent, that open the circuit
    breaker; 0 for no breaker."""

    breaker_share: float = 0.6
    """The share of failures among all answers in the window that opens the circuit breaker: where
    less fails, what can be had is worth the rest."""

    breaker_window: float = 10.0
    """Seconds over which the circuit breaker counts."""

    breaker_pause: float = 5.0
    """Seconds that the REST API is left alone once the circuit breaker has opened."""

    fresh_catalogue: float = 60.0
    """Seconds that albums, artists, labels and tracks are fresh where the REST API does not say."""

    fresh_finished_days: float = 3600.0
    """Seconds that listenings and deliveries of days before today (UTC) are fresh where the REST
    API does not say."""

    fresh_open_days: float = 0.0
    """Seconds that other listenings and deliveries are fresh where the REST API does not say."""

    stale_while_revalidate: float = 30.0
    """Seconds beyond its time that an answer is still served while a new one is fetched; 0 for
    never. Nothing that was never fresh is served so."""

    stale_if_error: float = 600.0
    """Seconds beyond its time that an answer is still served while the REST API fails; 0 for
    never."""

    obey_must_revalidate: bool = True
    """Whether `must-revalidate` and `no-cache` from the REST API forbid stale answers. Some web
    frameworks send the former with everything."""

    most_refreshes: int = 8
    """Answers that are fetched anew in the background at once."""

    cache_bytes: int = 64 * 1024 * 1024
    """Bytes of decoded answers that this process keeps, estimated; 0 for no cache."""

    readings_bytes: int = 16 * 1024 * 1024
    """Bytes of catalogue answers that are kept to compare others with: what comes again, for
    whichever token, is not decoded again; 0 for none."""

    large_body_bytes: int = 393_216
    """Bytes from which a body has to wait its turn: such bodies come in one after the other, as
    long as they come quickly, and each of them costs less so; 0 for all at once."""

    cache_secret: str | None = field(default=None, repr=False)
    """The secret that tokens are hashed with, equal in all replicas that share a Redis; without
    one, each process makes its own, or with a Redis uses a fixed word."""

    token_confirmed_within: float = 60.0
    """Seconds since the REST API last accepted a token, within which cached answers are served
    for it: the longest that a token revoked elsewhere may live on."""

    revoked_for: float = 3600.0
    """Seconds that a revoked token is remembered as dead."""

    redis_url: str | None = field(default=None, repr=False)
    """The Redis or Valkey that replicas share, as in redis://host:6379/0; none by default."""

    redis_timeout: float = 0.2
    """Seconds until Redis must have answered; it is gone without otherwise."""

    redis_pause: float = 2.0
    """Seconds that Redis is left alone after a failure."""

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if value is None or isinstance(value, (str, bool)):
                continue
            if not 0 <= value < float("inf"):
                raise ValueError(f"{each.name} must be a number that is not negative")
            if each.name in _AT_LEAST_ONE and value < 1:
                raise ValueError(f"{each.name} must be at least 1")
            if each.name in _ABOVE_ZERO and value == 0:
                raise ValueError(f"{each.name} must be more than 0")
            if each.name in _SHARES and value > 1:
                raise ValueError(f"{each.name} must be a share between 0 and 1")
        try:
            (self.cache_secret or "").encode()
        except UnicodeEncodeError:
            raise ValueError("cache_secret must be text that UTF-8 can write") from None
        if self.compression not in get_args(Compression):
            raise ValueError("compression must be identity or gzip")
