"""The answer about work that was called again and again."""

from leakprobe.model import Frame, Site, SuspectHolder, SuspectType
from leakprobe.model.calls import CallGrowth, CallsReport, CallSuspect, CallsVerdict
from leakprobe.render.calls import calls_document, calls_text

LINE = Frame("/srv/shop/orders.py", 42, "add")
LEAK = CallSuspect(
    rank=1,
    fingerprint="9f2c",
    resource="python",
    state="leak",
    confidence=0.99,
    bytes=327_680,
    objects=160,
    bytes_per_call=2048.0,
    objects_per_call=1.0,
    site=Site(LINE.file, LINE.line, LINE.function, (LINE,)),
    types=(SuspectType("shop.Order", 160, 320_000),),
    holders=(SuspectHolder("shop.orders[…]", ("module shop",), "module global", 200, 409_600),),
    reason="grew in 8 of 8 windows, 2 KiB per call",
    advice="shop.orders only grows: remove entries when the call is done, or bound it.",
)
REPORT = CallsReport(
    name="shop:add",
    verdict=CallsVerdict("leak", "python", 0.99, LEAK.reason, 8),
    calls=160,
    warmup=20,
    calls_in_all=420,
    seconds=2.5,
    growth=CallGrowth(2080.0, "allocators", 0.0, 0.0, 0.0, None),
    suspects=(LEAK,),
)


def test_text_reads_from_the_verdict_down() -> None:
    text = " ".join(calls_text(REPORT).split())
    order = (
        "Leak of Python objects (99 % sure): grew in 8 of 8 windows, 2 KiB per call.",
        "Memory in use +2.0 KiB per call over 160 calls; 420 calls in 2.5 s in all.",
        "1. Leak: Python objects",
        "grows +320 KiB, +160 objects, 2.0 KiB per call, 1 object per call",
        "allocated by /srv/shop/orders.py:42 add",
        "consists of +160 shop.Order",
        "held by shop.orders[…]",
        "what to do shop.orders only grows",
    )
    places = [text.find(part) for part in order]
    assert -1 not in places, (places, text)
    assert places == sorted(places)
    assert "request" not in text


def test_data_has_what_the_model_has() -> None:
    data = calls_document(REPORT)
    assert data["schema"] == 1
    assert data["verdict"] == {
        "state": "leak",
        "resource": "python",
        "confidence": 0.99,
        "reason": LEAK.reason,
        "smallest_detectable_bytes_per_call": 8,
    }
    suspects = data["suspects"]
    assert isinstance(suspects, list)
    assert isinstance(suspects[0], dict)
    assert suspects[0]["bytes_per_call"] == 2048.0
    assert isinstance(suspects[0]["site"], dict)
    assert suspects[0]["site"]["line"] == 42
