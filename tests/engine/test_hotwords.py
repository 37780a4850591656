"""The score of hotwords in a text, whatever units spell it, and their effect on a beam."""

import itertools
import math
import random

import pytest
import torch

from app.domain.hotwords import Hotword
from app.engine.decoding import EncodedBatch
from app.engine.decoding.hotwords import NATS_PER_WEIGHT, ContextGraph
from app.engine.decoding.prefix_beam import PrefixBeamDecoder
from app.engine.tokens.tokenizer import Tokenizer

UNITS = (
    "<blank>",
    *"阿里巴人工智能手机大力立",
    *(
        "\u2581hello",
        "\u2581hel",
        "lo",
        "\u2581wor",
        "ld",
        "\u2581",
        *"helowrds",
        "\u2581DON",
        "'T",
        "\u2581t",
    ),
    "<sos/eos>",
)
TOKENIZER = Tokenizer(UNITS)
CHARACTER = 20 * NATS_PER_WEIGHT


def graph_of(*words, tokenizer=TOKENIZER):
    hotwords = [word if isinstance(word, Hotword) else Hotword(word) for word in words]
    graph, unusable = ContextGraph.build(hotwords, tokenizer)
    assert unusable == ()
    return graph


def bonuses(graph, pieces, units=UNITS):
    """Return what the text is worth after each piece, and at its end."""
    context, total, found = graph.start, 0.0, []
    for piece in pieces:
        context, gain = context[units.index(piece)]
        total += gain
        found.append(total)
    return found, total + context.unfinished


def final(graph, pieces, units=UNITS):
    return bonuses(graph, pieces.split() if " " in pieces else list(pieces), units)[1]


def test_a_phrase_counts_in_advance_and_is_given_back_when_it_breaks():
    steps, at_the_end = bonuses(graph_of("人工智能"), "人工智大")
    assert steps == pytest.approx([CHARACTER, 2 * CHARACTER, 3 * CHARACTER, 0])
    assert at_the_end == 0


def test_an_unfinished_phrase_is_given_back_at_the_end():
    steps, at_the_end = bonuses(graph_of("人工智能"), "人工智")
    assert steps[-1] == pytest.approx(3 * CHARACTER)
    assert at_the_end == 0


def test_what_still_matches_is_kept_when_a_phrase_breaks():
    steps, _ = bonuses(graph_of("人工智能", "智大"), "人工智大")
    assert steps[-1] == pytest.approx(2 * CHARACTER)


@pytest.mark.parametrize("words", [("阿里", "阿里巴巴"), ("阿里巴巴", "阿里")])
def test_a_phrase_that_begins_a_longer_one_counts(words):
    graph = graph_of(*words)
    assert final(graph, "阿里") == pytest.approx(2 * CHARACTER)
    assert final(graph, "阿里大") == pytest.approx(2 * CHARACTER)
    assert final(graph, "阿里巴大") == pytest.approx(2 * CHARACTER)
    assert final(graph, "阿里巴巴大") == pytest.approx(4 * CHARACTER)


def test_each_word_has_its_own_weight():
    graph = graph_of(Hotword("阿里", 10), Hotword("阿里巴巴", 50), Hotword("手机", 5))
    assert final(graph, "阿里大") == pytest.approx(2 * CHARACTER / 2)
    assert final(graph, "阿里巴巴") == pytest.approx(4 * CHARACTER * 2.5)
    assert final(graph, "手机手机") == pytest.approx(4 * CHARACTER / 4)


def test_no_character_counts_twice():
    assert final(graph_of("巴巴"), "巴巴巴") == pytest.approx(2 * CHARACTER)
    assert final(graph_of("巴巴"), "巴巴巴巴") == pytest.approx(4 * CHARACTER)
    assert final(graph_of("人工智能", "智能手机"), "人工智能手机") == pytest.approx(4 * CHARACTER)
    assert final(graph_of("人工", "人工智能", "工智"), "人工智能") == pytest.approx(4 * CHARACTER)


def best_sum(text, words):
    """The definition: the greatest sum of phrases that do not overlap."""
    best = [0.0] * (len(text) + 1)
    for end in range(1, len(text) + 1):
        fits = [word for word in words if text[:end].endswith(word.text)]
        counted = [best[end - len(word.text)] + len(word.text) * word.weight * NATS_PER_WEIGHT for word in fits]
        best[end] = max([best[end - 1], *counted])
    return best[-1]


def test_every_text_is_worth_the_best_sum_of_its_phrases():
    chance = random.Random(3)
    for _ in range(40):
        lengths = [chance.randint(1, 5) for _ in range(4)]
        texts = {"".join(chance.choices("阿里巴", k=length)) for length in lengths}
        words = [Hotword(text, chance.choice([5, 20, 35])) for text in sorted(texts)]
        graph = graph_of(*words)
        for _ in range(20):
            text = "".join(chance.choices("阿里巴大", k=chance.randint(1, 12)))
            assert final(graph, text) == pytest.approx(best_sum(text, words), abs=1e-4), (words, text)


@pytest.mark.parametrize(
    "pieces",
    [
        "▁hello ▁wor ld",
        "▁hel lo ▁wor ld",
        "▁ h e l l o ▁ w o r ld",
        "大 ▁hello ▁wor ld 大",
        "▁hello ▁ ▁wor ld",
    ],
)
@pytest.mark.parametrize("word", ["hello world", "Hello  WORLD", "ｈｅｌｌｏ world", "“hello”-world."])
def test_every_way_to_spell_a_latin_phrase_counts(pieces, word):
    assert final(graph_of(word), pieces) == pytest.approx(3 * CHARACTER)  # as ▁hello ▁wor ld, the fewest units


@pytest.mark.parametrize("pieces", ["▁hello ▁wor ld s", "▁ s hel lo ▁wor ld", "▁hello wor ld", "▁hello 大 ▁wor ld"])
def test_a_part_of_a_word_is_no_match(pieces):
    pieces = pieces.replace("hel lo", "h e l l o").replace(" wor", " w o r") if "s hel" in pieces else pieces
    units = (*UNITS, "wor")
    graph = graph_of("hello world", tokenizer=Tokenizer(units))
    assert final(graph, pieces, units) == 0


def test_units_in_capitals_and_mixed_phrases_match():
    assert final(graph_of("don't"), "▁DON 'T") == pytest.approx(2 * CHARACTER)
    assert final(graph_of("阿里hello"), "阿 里 ▁hello") == pytest.approx(3 * CHARACTER)
    assert final(graph_of("hello大"), "▁hel lo 大") == pytest.approx(2 * CHARACTER)


def test_units_without_spaces_spell_words_without_spaces():
    units = ("<blank>", *"hiter好")
    graph = graph_of("hi there", tokenizer=Tokenizer(units))
    assert final(graph, "好 h i t h e r e 好", units) == pytest.approx(7 * CHARACTER)


@pytest.mark.parametrize(
    ("word", "unknown"),
    [
        ("囧", "囧"),
        ("大囧人囍囧", "囧囍"),
        ("hello 2", "2"),
        ("q人", "q"),
        ("人-大", ""),
        ("ton", "n"),
        ("。", "。"),
        ("“”", "“”"),
    ],
)
def test_a_word_that_no_units_can_write_tells_the_characters(word, unknown):
    tokenizer = Tokenizer(("<blank>", *"大人", "\u2581hello", "\u2581t", "o1"))
    graph, unusable = ContextGraph.build([Hotword(word), Hotword("大")], tokenizer)
    assert graph is not None
    assert unusable == (((Hotword(word), unknown),) if unknown else ())


def test_characters_that_exist_but_cannot_be_put_together_are_told():
    tokenizer = Tokenizer(("<blank>", "\u2581he", "llo"))
    _, unusable = ContextGraph.build([Hotword("hell"), Hotword("hello")], tokenizer)
    assert unusable == ((Hotword("hell"), "l"),)


def test_without_a_usable_word_there_is_no_graph():
    assert ContextGraph.build([], TOKENIZER) == (None, ())
    assert ContextGraph.build([Hotword("囧")], TOKENIZER) == (None, ((Hotword("囧"), "囧"),))


# In the beam


def heard(*frames):
    """Log-probabilities of frames, each {unit: probability}; the rest is spread thinly over all units."""
    rows = torch.full((len(frames), len(UNITS)), 1e-6)
    for row, frame in zip(rows, frames, strict=True):
        for unit, probability in frame.items():
            row[UNITS.index(unit)] = probability
    return (rows / rows.sum(-1, keepdim=True)).log()[None]


BLANK = {"<blank>": 1.0}


def found_with(graph, log_probs, beam_size=10):
    frames = log_probs.shape[1]
    batch = EncodedBatch(torch.zeros(1, frames, 1), log_probs, torch.tensor([frames]), (graph,))
    [candidates] = PrefixBeamDecoder(0, beam_size).candidates(batch)
    return candidates


def spelled(candidate):
    return "".join(UNITS[token] for token in candidate.tokens)


HOMOPHONES = heard({"大": 1.0}, BLANK, {"立": 0.9, "力": 0.09, "里": 0.01}, BLANK)


def test_the_beam_turns_to_the_homophone():
    assert spelled(found_with(None, HOMOPHONES)[0]) == "大立"
    assert spelled(found_with(graph_of("大力"), HOMOPHONES)[0]) == "大力"
    assert spelled(found_with(graph_of("大里"), HOMOPHONES)[0]) == "大里"


def test_a_small_weight_turns_little():
    assert spelled(found_with(graph_of(Hotword("大里", 1)), HOMOPHONES)[0]) == "大立"


def test_a_homophone_below_the_likeliest_tokens_is_still_found():
    frame = {"立": 0.5, **dict.fromkeys("阿里巴人工智能手机", 0.05), "力": 0.02}
    log_probs = heard({"大": 1.0}, BLANK, frame, BLANK)
    assert "大力" not in map(spelled, found_with(None, log_probs))
    assert spelled(found_with(graph_of("大力"), log_probs)[0]) == "大力"
    assert spelled(found_with(graph_of("力大"), heard(frame, {"大": 1.0}))[0]) == "力大"


def test_a_word_that_begins_within_a_broken_one_is_found():
    frame = {"立": 0.5, **dict.fromkeys("阿里巴人工智能机大", 0.05), "手": 0.02}
    log_probs = heard({"大": 1.0}, BLANK, {"力": 1.0}, BLANK, frame, BLANK)
    assert spelled(found_with(graph_of("大力阿里", "力手"), log_probs)[0]) == "大力手"


def test_no_weight_brings_in_what_was_not_heard():
    log_probs = heard({"大": 1.0}, BLANK, {"立": 1.0, "力": 2e-5}, BLANK)  # -11, and everything else at -14
    assert spelled(found_with(graph_of(Hotword("大力", 100), Hotword("手机", 100)), log_probs)[0]) == "大立"
    log_probs = heard({"立": 1.0, "力": 2e-5}, BLANK, {"大": 1.0}, BLANK)
    assert spelled(found_with(graph_of(Hotword("力大", 100)), log_probs)[0]) == "立大"


def test_begun_words_do_not_push_the_right_text_out_of_a_small_beam():
    log_probs = heard({"大": 0.9, "手": 0.03, "人": 0.03, "巴": 0.03}, BLANK, {"立": 1.0}, BLANK)
    graph = graph_of("手机", "人工", "巴里")
    assert spelled(found_with(graph, log_probs, 2)[0]) == "大立"


def test_scores_carry_the_bonus_and_nothing_of_unfinished_words():
    graph = graph_of("大力", "大立智")
    plain = {candidate.tokens: candidate.score for candidate in found_with(None, HOMOPHONES, 20)}
    found = found_with(graph, HOMOPHONES, 20)
    for candidate in found:
        bonus = bonuses(graph, [UNITS[token] for token in candidate.tokens])[1]
        assert candidate.bonus == pytest.approx(bonus)
        if candidate.tokens in plain:
            assert candidate.score == pytest.approx(plain[candidate.tokens] + bonus, abs=1e-4)
    assert {spelled(candidate): candidate.bonus for candidate in found}["大立"] == 0.0
    assert found[0].bonus == pytest.approx(2 * CHARACTER)


def test_candidates_are_sorted_by_what_remains_at_the_end():
    scores = [candidate.score for candidate in found_with(graph_of("大力阿里", "立大"), HOMOPHONES)]
    assert scores == sorted(scores, reverse=True)
    assert spelled(found_with(graph_of("大里阿里巴巴"), HOMOPHONES)[0]) == "大立"


def test_words_that_are_not_spoken_leave_the_text_alone():
    log_probs = heard({"大": 0.9, "智": 1e-4}, BLANK, {"立": 0.6, "力": 0.4}, {"阿": 0.9, "能": 1e-3}, BLANK)
    expected = found_with(None, log_probs)
    found = found_with(graph_of("智能", "手智", "阿里巴巴"), log_probs)
    assert spelled(found[0]) == "大立阿"
    assert found[0].frames == expected[0].frames
    assert found[0].score == pytest.approx(expected[0].score, abs=1e-4)


def test_a_forbidden_token_stays_forbidden_for_a_hotword():
    log_probs = HOMOPHONES.clone()
    log_probs[..., UNITS.index("力")] = -math.inf
    assert spelled(found_with(graph_of("大力"), log_probs)[0]) == "大立"


def test_each_recording_has_its_own_words():
    log_probs = HOMOPHONES.expand(3, -1, -1)
    graphs = (graph_of("大力"), None, graph_of("大里"))
    batch = EncodedBatch(torch.zeros(3, 4, 1), log_probs, torch.tensor([4, 4, 4]), graphs)
    found = PrefixBeamDecoder(0).candidates(batch)
    assert [spelled(candidates[0]) for candidates in found] == ["大力", "大立", "大里"]
    again = PrefixBeamDecoder(0).candidates(batch.rows([2, 1]))
    assert again == [found[2], found[1]]


def test_a_wide_beam_with_words_sums_every_path():
    log_probs = torch.randn(1, 4, 3, generator=torch.Generator().manual_seed(5)).log_softmax(-1)
    graph = graph_of("大人", tokenizer=Tokenizer(("<blank>", "大", "人")))
    plain = {candidate.tokens: candidate for candidate in found_with(None, log_probs, 100)}
    hot = {candidate.tokens: candidate for candidate in found_with(graph, log_probs, 100)}
    assert plain.keys() == hot.keys()
    for tokens, candidate in hot.items():
        pairs = sum(pair == (1, 2) for pair in itertools.pairwise(tokens))
        assert candidate.score - plain[tokens].score == pytest.approx(pairs * 2 * CHARACTER, abs=1e-4)
