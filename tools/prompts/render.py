"""Renders the demo site's prompts from texts.toml with eSpeak NG. See README.md beside this file.

python -m venv /tmp/prompts && /tmp/prompts/bin/pip install espeakng-loader==0.2.4 numpy
/tmp/prompts/bin/python -m tools.prompts.render
"""

import argparse
import ctypes
import tomllib
from pathlib import Path

import espeakng_loader
import numpy as np

from tools.prompts.sound import PROMPTS, Signal, normalise, resample, spoken_part, write

HERE = Path(__file__).parent

# From espeak-ng's speak_lib.h, version 1.52.
_AUDIO_OUTPUT_SYNCHRONOUS = 2
_PARAMETER_RATE, _PARAMETER_RANGE = 1, 4
_CHARS_UTF8 = 1
_PHONEMES_IPA = 0x02
_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


class Speaker:
    """The eSpeak NG library, called in this process."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        data = espeakng_loader.get_data_path().encode()
        self.rate: int = self._library.espeak_Initialize(_AUDIO_OUTPUT_SYNCHRONOUS, 0, data, 0)
        if self.rate < 0:
            raise RuntimeError("eSpeak NG did not start")
        self._chunks: list[bytes] = []
        self._callback = _Callback(self._collect)
        self._library.espeak_SetSynthCallback(self._callback)
        self._library.espeak_TextToPhonemes.restype = ctypes.c_char_p

    def _collect(self, samples: "ctypes._Pointer[ctypes.c_short]", count: int, _events: object) -> int:
        if samples and count > 0:
            self._chunks.append(ctypes.string_at(samples, count * 2))
        return 0

    def use(self, voice: str, words_per_minute: int, pitch_range: int) -> None:
        """Chooses the voice. Raises RuntimeError when the library has none of that name."""
        if self._library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise RuntimeError(f"eSpeak NG has no voice {voice}")
        self._library.espeak_SetParameter(_PARAMETER_RATE, words_per_minute, 0)
        self._library.espeak_SetParameter(_PARAMETER_RANGE, pitch_range, 0)

    def say(self, text: str) -> Signal:
        """The spoken text at the library's own rate."""
        self._chunks.clear()
        raw = text.encode() + b"\0"
        if self._library.espeak_Synth(raw, len(raw), 0, 1, 0, _CHARS_UTF8, None, None) != 0:
            raise RuntimeError(f"eSpeak NG did not say: {text}")
        self._library.espeak_Synchronize()
        return np.frombuffer(b"".join(self._chunks), "<i2").astype(np.float64) / 32768

    def phonemes(self, text: str) -> str:
        """How the library reads the text, in the phonetic alphabet: a way to check it without ears."""
        rest = ctypes.c_char_p(text.encode())
        clauses: list[str] = []
        while rest.value:
            clauses.append(self._library.espeak_TextToPhonemes(ctypes.byref(rest), _CHARS_UTF8, _PHONEMES_IPA).decode())
        return " | ".join(clauses)


def main() -> None:
    """Renders every text of every language, or prints how each is pronounced."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=PROMPTS, help="folder that gets <language>/<name>.wav")
    parser.add_argument("--texts", type=Path, default=HERE / "texts.toml", help="what to say")
    parser.add_argument("--phonemes", action="store_true", help="print the pronunciation instead of rendering")
    arguments = parser.parse_args()
    speaker = Speaker()
    texts = tomllib.loads(arguments.texts.read_text(encoding="utf-8"))
    for language, part in texts.items():
        speaker.use(part["voice"], part["words_per_minute"], part["pitch_range"])
        for name, text in part["prompts"].items():
            if arguments.phonemes:
                print(f"{language}/{name}: {text}\n    {speaker.phonemes(text)}")
                continue
            # Parts of a composed announcement follow each other closely; a sentence is followed by a breath.
            pause_ms = 60 if name.startswith(("digit-", "number-", "place-before")) else 250
            signal = resample(speaker.say(text), speaker.rate)
            write(arguments.out / language / f"{name}.wav", normalise(spoken_part(signal, pause_ms)))


if __name__ == "__main__":
    main()
