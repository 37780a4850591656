"""Texts for each setting on the page: name, description, unit, group."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.errors.base import N_


@dataclass(frozen=True, slots=True)
class Words:
    """English texts, translated when shown."""

    label: str
    hint: str
    unit: str = ""
    zero: str = ""
    """What zero means, if it has a special meaning."""


GROUPS: dict[str, dict[str, Words]] = {
    N_("Computing"): {
        "device": Words(N_("Device"), N_("Automatic takes an NVIDIA card, then an Apple one, then the processor.")),
        "allow_device_fallback": Words(
            N_("Continue without the device"),
            N_("Computes on the processor where the chosen device is absent or broken, and says so."),
        ),
        "dtype": Words(N_("Precision"), N_("Automatic takes half precision where it is faster and reads as well.")),
        "threads": Words(
            N_("Processor threads"),
            N_("More are not always faster: one core is kept for the pages."),
            N_("threads"),
            N_("automatic"),
        ),
        "batch_seconds": Words(
            N_("Batch size"),
            N_("Sound that is computed at once. Less needs less memory."),
            N_("seconds"),
            N_("automatic"),
        ),
        "model_idle_minutes": Words(
            N_("Unload when idle"),
            N_("Gives the memory back after this time without work; the next recording loads again."),
            N_("minutes"),
            N_("never"),
        ),
    },
    N_("Speech detection"): {
        "vad_detector": Words(
            N_("Detector"),
            N_("What tells speech from other sound. The VAD page shows what each finds."),
        ),
        "vad_threshold": Words(
            N_("Threshold"), N_("Of Silero: how likely a moment must be speech; more leaves out more.")
        ),
        "vad_mode": Words(N_("Mode"), N_("Of webrtcvad: 0 keeps most sound, 3 drops most.")),
        "vad_frame_ms": Words(N_("Frame"), N_("Of webrtcvad: length of one decision."), "ms"),
        "max_segment_ms": Words(N_("Longest segment"), N_("Longer speech is cut where it is quietest."), "ms"),
        "min_speech_ms": Words(N_("Shortest speech"), N_("Anything shorter is dropped."), "ms"),
        "min_silence_ms": Words(N_("Silence between segments"), N_("A pause this long ends a segment."), "ms"),
        "speech_pad_ms": Words(N_("Padding"), N_("Sound kept before and after each segment."), "ms"),
    },
    N_("Text"): {
        "replacements": Words(
            N_("Rules of replacement"),
            N_(
                "One on each line: wrong => right. Before it word: (whole words), regex: (a regular expression) or sound: (whatever sounds like these Chinese characters)."
            ),
        ),
    },
    N_("History"): {
        "retention_days": Words(
            N_("Keep transcriptions"),
            N_("Older ones go to the trash by themselves; what waits or runs is never old."),
            N_("days"),
            N_("for ever"),
        ),
        "trash_days": Words(
            N_("Keep the trash"),
            N_("What was deleted can be restored for this long; then it is removed for good."),
            N_("days"),
            N_("until it is emptied"),
        ),
    },
    N_("Recordings and limits"): {
        "max_upload_mb": Words(N_("Largest file"), N_("Larger uploads are refused."), "MB"),
        "max_duration_hours": Words(N_("Longest recording"), N_("Longer ones are refused."), N_("hours")),
        "concurrent_jobs": Words(
            N_("Jobs at the same time"), N_("One can be read while another is recognised."), N_("jobs")
        ),
        "live_sessions": Words(N_("Live sessions at the same time"), N_("Further ones are refused."), N_("sessions")),
        "live_keep_minutes": Words(
            N_("Patience for a lost connection"),
            N_("A live session waits so long for its page, then it is ended and kept."),
            N_("minutes"),
        ),
        "segment_timeout_seconds": Words(
            N_("Patience for one segment"),
            N_("After that long the recognition process counts as hung and is started again."),
            N_("seconds"),
        ),
        "decode_cpu_seconds": Words(
            N_("Computing time for reading a file"),
            N_("A file that needs more is refused as broken."),
            N_("seconds"),
        ),
        "decode_memory_mb": Words(
            N_("Memory for reading a file"), N_("A file that needs more is refused as broken."), "MB"
        ),
    },
    N_("Log"): {
        "log_level": Words(N_("Log level"), N_("DEBUG writes most; recognised text is never logged.")),
        "log_file_mb": Words(N_("Size of the log"), N_("Then a new file is begun; five older ones are kept."), "MB"),
    },
}
