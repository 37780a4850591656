"""Display texts for the codes in API responses, used by templates and scripts alike."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from app.domain.errors.base import N_
from app.domain.languages import NATIVE_NAMES
from app.domain.transcript import EMOTIONS, EVENTS
from app.i18n import translator

_QUALITIES = {"fast": N_("Fast"), "balanced": N_("Balanced"), "accurate": N_("Accurate")}
LABELS: Mapping[str, Mapping[str, str]] = {
    "job_state": {
        "queued": N_("Waiting"),
        "running": N_("Working"),
        "succeeded": N_("Done"),
        "failed": N_("Failed"),
        "cancelled": N_("Cancelled"),
        "uploading": N_("Uploading"),  # this one and the next: only in a batch
        "duplicate": N_("Duplicate"),
    },
    "batch_state": {
        "running": N_("Working"),
        "paused": N_("Paused"),
        "done": N_("Done"),
        "cancelled": N_("Cancelled"),
    },
    "node_state": {
        "ready": N_("Ready"),
        "draining": N_("Is about to leave"),
        "refused": N_("Refused"),
        "gone": N_("Has left"),
    },
    "actor_state": {
        "starting": N_("Starting"),
        "free": N_("Idle"),
        "busy": N_("Busy"),
        "draining": N_("Finishes its segment"),
    },
    "model_state": {
        "in_use": N_("In use"),
        "switching": N_("Loading"),
        "ready": N_("Ready"),
        "damaged": N_("Damaged"),
        "pulling": N_("Downloading"),
        "stopped": N_("Not complete"),
        "available": N_("Not downloaded"),
    },
    "engine_state": {
        "stopped": N_("Model not loaded"),
        "loading": N_("Model is loading"),
        "ready": N_("Ready"),
        "busy": N_("Recognizing"),
        "failed": N_("Model failed"),
    },
    "language": NATIVE_NAMES
    | {
        "auto": N_("Automatic"),
        "zh": N_("Chinese"),
        "en": N_("English"),
        "zh-en": N_("Chinese and English"),
        "yue": N_("Cantonese"),
        "ja": N_("Japanese"),
        "ko": N_("Korean"),
        "none": N_("No speech"),
        "multilingual": N_("31 languages"),
    },
    "quality": _QUALITIES,
    "decoding": _QUALITIES
    | {
        "greedy": N_("Frame by frame"),
        "prefix beam": N_("Search"),
        "attention rescoring": N_("Search, candidates read again"),
    },
    "source": {
        "page": N_("Page"),
        "api": N_("API"),
        "cli": N_("Command line"),
        "live": N_("Live"),
        "batch": N_("Batch"),
        "folder": N_("Watched folder"),
        "compare": N_("Comparison"),
        "openai": N_("OpenAI API"),
        "openai_live": N_("OpenAI Realtime"),
        "funasr": N_("FunASR WebSocket"),
        "asr": N_("Whisper ASR web service"),
        "mcp": N_("Assistant (MCP)"),
    },
    "option": {
        "language": N_("Language"),
        "hotwords": N_("Hotwords"),
        "itn": N_("Numbers as digits (ITN)"),
        "hotword": N_("Hotword"),
        "punctuation": N_("Punctuation"),
        "remove_fillers": N_("Leave out um, uh, 嗯"),
        "replacements": N_("Rules of replacement"),
        "replacement": N_("Replaced"),
        "times": N_("Timestamps"),
        "device": N_("Device"),
        "node": N_("Node"),
        "dtype": N_("Precision"),
        "decoding": N_("Decoding"),
        "quality": N_("Quality"),
        "batch": N_("Batch"),
        "vad": N_("Speech detection"),
        "channels": N_("Channels"),
        "speakers": N_("Speakers"),
        "track": N_("Sound track"),
        "speech_check": N_("Check for speech"),
        "model": N_("Model"),
        "languages": N_("Possible languages"),
        "prompt": N_("Prompt"),
        "temperature": N_("Temperature"),
        "known_speakers": N_("Known speakers"),
        "timestamp_granularities": N_("Parts with timestamps"),
        "include": N_("Further values"),
        "prefer": N_("Preferred way of answering"),
    },
    "option_hint": {
        "itn": N_("Writes spoken dates and amounts as digits"),
        "punctuation": N_("Places commas and full stops by the pauses where the model has none"),
        "remove_fillers": N_("What people say while they think; the verbatim text keeps it"),
    },
    "option_value": {
        "on": N_("on"),
        "off": N_("off"),
        "mix": N_("Mixed"),
        "separate": N_("Each on its own"),
        "auto": N_("Automatic"),
        "pauses": N_("From pauses"),
    },
    "hotword_status": {"matched": N_("heard"), "not_heard": N_("not heard")},
    "ability": {
        "times": N_("Timestamps"),
        "hotwords": N_("Hotwords"),
        "itn": N_("Numbers as digits (ITN)"),
        "punctuation": N_("Punctuation"),
    },
    "webhook_event": {
        "transcription.finished": N_("Recording read"),
        "transcription.failed": N_("Recording failed"),
        "transcription.cancelled": N_("Recording cancelled"),
        "batch.finished": N_("Batch finished"),
        "test": N_("Test"),
    },
    "delivery_state": {"waiting": N_("Waiting"), "delivered": N_("Delivered"), "failed": N_("Failed")},
    "role": {"administrator": N_("Administrator"), "member": N_("Member"), "reader": N_("Reader")},
    "permission": {
        "read": N_("Read recordings and texts"),
        "transcribe": N_("Send, change and delete recordings"),
        "admin": N_("Administer the server"),
    },
    "sound": EMOTIONS | EVENTS,
    "sound_kind": {"speech": N_("Speech"), "singing": EVENTS["singing"], "music": EVENTS["music"]},
}
"""By the kind of code; the texts are English and keys of the catalogues."""


@cache
def labels_in(language: str) -> Mapping[str, Mapping[str, str]]:
    """Return all labels in the given language; every page sends them."""
    translate = translator(language)
    return {kind: {code: translate(text) for code, text in texts.items()} for kind, texts in LABELS.items()}
