"""CAM++ with segmentation-3.0 as a SpeakerModel."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from app.engine import Waveform
from app.engine.computing.device import memory_errors_named
from app.engine.features.features import KaldiFbank
from app.engine.speakers import Activity, Embeddings, FrameClock, SpeakerModelInfo
from app.engine.speakers.campplus import EMBEDDING_SIZE, CamPlusPlus
from app.engine.speakers.checkpoint import load_embedding_network, load_segmentation_network
from app.engine.speakers.segmentation import FIRST_CENTRE, FRAME_SECONDS, WINDOW_SECONDS, SegmentationNetwork

NAME = "CAM++"


def load_speaker_model(folder: Path) -> CamPlusPlusSpeakers:
    """Load both networks of a folder onto the CPU; never downloads.

    Raises:
        ModelError: a file is missing or damaged, or its weights are of another network.
    """
    return CamPlusPlusSpeakers(load_segmentation_network(folder), load_embedding_network(folder))


class CamPlusPlusSpeakers:
    info = SpeakerModelInfo(NAME, FrameClock(WINDOW_SECONDS, FRAME_SECONDS, FIRST_CENTRE))

    def __init__(self, segmentation: SegmentationNetwork, voices: CamPlusPlus) -> None:
        self._segmentation = segmentation
        self._voices = voices
        self._fbank = KaldiFbank()

    @memory_errors_named()
    @torch.inference_mode()
    def activity(self, windows: Sequence[Waveform]) -> list[Activity]:
        """See SpeakerModel.activity."""
        heard = self._segmentation.speaking(torch.from_numpy(np.stack(windows)))
        return list(heard.numpy())

    @memory_errors_named()
    @torch.inference_mode()
    def embeddings(self, waveforms: Sequence[Waveform]) -> Embeddings:
        """See SpeakerModel.embeddings. Waveforms of the same length are computed together, without padding."""
        places: defaultdict[int, list[int]] = defaultdict(list)
        for place, waveform in enumerate(waveforms):
            places[len(waveform)].append(place)
        found = np.empty((len(waveforms), EMBEDDING_SIZE), dtype=np.float32)
        for same in places.values():
            found[same] = self._voices_of(np.stack([waveforms[place] for place in same]))
        return found

    def _voices_of(self, waveforms: Waveform) -> Embeddings:
        samples_BS = torch.from_numpy(waveforms)
        features_BTF, _ = self._fbank(samples_BS, torch.full((len(samples_BS),), samples_BS.shape[1]))
        embeddings: Embeddings = self._voices(features_BTF - features_BTF.mean(1, keepdim=True)).numpy()
        return embeddings
