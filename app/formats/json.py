"""The complete transcript, for programs. Uses the same names as the API."""

from __future__ import annotations

import json
from dataclasses import asdict

from app.domain.transcript import Transcript, rounded


def render(transcript: Transcript) -> str:
    """Return JSON; `speakers` is there only where some have names."""
    names = [{"speaker": number, "name": name} for number, name in sorted(transcript.speaker_names.items())]
    content = ({"speakers": names} if names else {}) | {
        "text": transcript.text,
        "text_raw": transcript.text_raw,
        "language": transcript.language,
        "confidence": rounded(transcript.confidence),
        "duration": round(transcript.duration, 3),
        "segments": [segment.to_dict() for segment in transcript.segments],
        "model": transcript.model,
        "device": transcript.device,
        "receipt": [line.told() for line in transcript.receipt],
        "warnings": list(map(str, transcript.warnings)),
        "hotwords": [asdict(outcome) for outcome in transcript.hotwords],
    }
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"
