"""What a sentence is: tables of French, English and Markdown cases, the seed article, any text, long texts, a treebank.

In the tables ‖ stands where a sentence ends; it is no part of the text.
"""

import json
import time
from pathlib import Path

import pytest
from bench.segmentation import TREEBANK, score, splitters, treebank
from hypothesis import given
from hypothesis import strategies as st

from assistant.sentences import Sentence, split_sentences

ROOT = Path(__file__).resolve().parents[1]

FRENCH = {
    "plain": "Il part.‖ Elle reste.‖ Qui sait ?‖ Personne !",
    "no-break spaces before marks": "Qui\u202f?‖ Lui\u00a0!‖ Bien.",
    "several marks": "Quoi ?!‖ Non !!!‖ Si...‖ Peut-être…‖ Fin.",
    "ellipsis goes on": "Il hésite... puis repart… et revient.",
    "elision is no end": "Il dit [...] Paris et (…) Rome.",
    "titles": "M. Dupont, Mme. Martin, MM. Petit et Grand, le Dr Noir et le Pr. Blanc arrivent.‖ Me. Roux suit.",
    "title before a particle": "Mme. Le Pen et M. Le Guen débattent.‖ Le public applaudit.",
    "initials": "J. Dupont, J.-M. Le Clézio et A. B. Martin écrivent.‖ P. Durand lit.",
    "an initial after an end": "Il dort.‖ J. Dupont veille.",
    "a letter that is no initial": "Il prend de la vitamine C. ‖Le médecin approuve.‖ Il y en a.‖ Le stock suffit.",
    "acronyms": "L'U.R.S.S. et les U.S.A. signent.‖ La B.C.E. et l'O.N.U. aussi.",
    "an acronym ends a sentence": "Il vit aux U.S.A.‖ Elle vit en France.",
    "examples": "Des fruits, p. ex. Pommes d'api, cf. Annexe, c.-à-d. Tout.‖ Fin.",
    "numbers after abbreviations": "Voir art. 5, fig. 3, p. 12, vol. II, chap. 4, n° 7 et art. L. 121-1.‖ Fin.",
    "an abbreviation that is a word": "Il aime l'art.‖ Le peintre aussi.",
    "etc. inside and at the end": "Pommes, poires, etc. sont mûres.‖ Il vend des fruits, etc.‖ Paris achète.",
    "about": "Il pèse env. 50 kg.‖ Elle, 45.",
    "era": "Il meurt en 44 av. J.-C. à Rome.‖ Né en 100 av. J.-C.‖ Rome pleure.‖ J.-C. Dupont aussi.",
    "ordinals, decimals, dates, times": "Le 1er mai, 3,5 % ou 3.5 %, le 12.03.2015 à 14.30, pour 2.700.000 F.‖ Voilà.",
    "a figure begins a sentence": "La mobilisation est massive.‖ 5000 membres arrivent.‖ En 2015.‖ 12 autres.",
    "units": "Le billet coûte 30 F. ‖Le voyage est long.",
    "roman numerals": "Il succède à Louis XIV.‖ Le roi meurt.",
    "addresses": "Voir https://example.com/A.Html?Q=1.Bis et jean.Dupont@example.com sur example.com.‖ Fin.",
    "file names": "Ouvrez C:\\Dossier.Perso, Notes.Paris.txt ou /tmp/rapport.Final.‖ Lisez.",
    "glued": "Ses alliés islamistes.‖Les frappes ont commencé.‖A noter aussi.‖L'offensive suit.‖Qui ?‖Eux !‖Fin.",
    "glued after a number or an acronym": "C'était en 2015.‖Les troupes de l'EI.‖Selon Moscou.",
    "a space before the stop": "Des missiles TOW .‖Selon le ministère, rien .‖ Mais le cadre .NET reste.",
    "glued, yet no end": "M.Dupont, U.S.A., J.-C., n.Paris, 3.5 et Mme.Martin.",
    "lower case after a stop goes on": "Un attentat en Syrie. a déclaré le ministre.‖ Fin.",
    "an unknown abbreviation": "Le gouv. fédéral et la rég. de Paris.‖ Fin.",
    "a main clause in lower case": "C'est fini.‖ il faut le savoir.‖ « La Syrie ».‖ il faut le dire.",
    "no capital À on the keyboard": "Que faire ?‖ à quoi bon ?‖ Rien de neuf.‖ à demain.",
    "quotation of several sentences": "Il dit : « La ville est coupée.‖ Il n'y a plus de passage.‖ Fuyez ! »‖ Il part.",
    "guillemets without spaces": "Il dit : «La ville est coupée.‖ Il n'y a plus rien.»‖ Il part.",
    "English quotes": "Il dit : “La ville est coupée.‖ Il n'y a plus rien.”‖ Il part.",
    "straight quotes": 'Il dit : "La ville est coupée.‖ Il n\'y a plus rien."‖ "Partons", dit-elle.',
    "straight quotes with spaces": 'Il dit : " La ville est coupée.‖ Partez. "‖ Elle part.‖ " Bien. "‖ Il dort.',
    "the speaker named after a quotation": "« Que faire ? » demanda-t-il.‖ « Partir ! », dit-elle.‖ « Oui » dit-il.",
    "a stop after the quotation": "Il crie « Quoi ? ».‖ Elle rit.‖ « …Et puis rien », dit-il.",
    "brackets": "Il vient (enfin !) demain.‖ (La porte est close.)‖ Il frappe (cf. p. 3).‖ Rien.",
    "footnote marks": "Il est né à Lyon.[1]‖ Il y meurt [2].‖ Fin.",
    "dialogue": "— Viens ! — dit-il.‖ — Non.‖ — Si.",
    "a list as running text": "Il faut : ‖- du pain ;‖ - du vin.‖ - si possible du sel.",
    "no end at a colon or semicolon": "Il vient : Paris l'attend ; Lyon aussi ; elle reste.",
    "a heading that runs on": "Un appui massif de l'Iran Effectivement, les rebelles reculent.‖ Fin.",
    "enumerators": "1. Le pain.‖ 2. Le vin.‖ A. Le sel.",
}

ENGLISH = {
    "titles": "Mr. Smith met Dr. Jones and Mrs. Brown at St. Mary's.‖ He lives on Main St.‖ They left.",
    "acronyms": "The U.S. Army left the U.K. in May.‖ He lives in the U.S.‖ The army left.",
    "latin": "Fruit, e.g. Apples, i.e. Food, vs. Meat, etc. are sold.‖ See Smith et al. (2015) or Fig. 3.‖ Done.",
    "hours": "We met at 5 p.m. on Monday.‖ We left at 9 a.m.‖ It rained.",
    "firms": "Apple Inc. shares and Ford Motor Co. shares fell.‖ He left Apple Inc.‖ The shares fell.",
    "No. is a word too": "No. 5 won.‖ Did it?‖ No.‖ He lost.",
    "quotes": '"Is it you?" he asked.‖ “It is.‖ Come in!”‖ She said, "Go."‖ He went.',
    "names": "J. R. R. Tolkien wrote it.‖ So did I.‖ The end.",
    "figures": "It fell 3.5 percent.‖ $5 million was lost.‖ It cost approx. 50 pounds.",
}

LINES = {
    "wrapped prose": "Le président\nVladimir Poutine a parlé hier\nà Moscou.‖ Il a\nmenti.",
    "blank line": "Un titre‖\n\nsuivi d'un texte‖\n \t\nsans point",
    "other line ends": "Un titre‖\r\n\r\nUne ligne\r\nlongue.‖\r\rFin‖\u2028\u2028Encore",
    "heading": "Texte.‖\n# Titre‖\nTexte qui suit\net finit.‖\n## 1. Autre titre‖\nFin",
    "underlined heading": "Titre\n=====‖\nTexte.‖\n\n---‖\nFin",
    "plain heading": "Un appui massif‖\nEffectivement, les rebelles ont été affaiblis par les nombreuses frappes.",
    "list": "Il faut :‖\n- du pain\n  frais‖\n* du vin.‖ Rouge‖\n• du sel‖\n1. Un‖\n2) Deux‖\na) Trois",
    "table": "Prix :‖\n| Pain | 1 € |‖\n|---|---|‖\n| Vin | 5 € |‖\nFin",
    "fence": "Code :‖\n```‖\nx = 1‖\n```‖\nFin",
    "dialogue": "— Viens, dit-il.‖\n— Non.",
    "dash inside wrapped prose": "La ville\n– la plus grande – est prise.",
}


def _cases(table: dict[str, str]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in table.items()])


def _split(case: str, language: str = "fr") -> list[str]:
    text = case.replace("‖", "")
    return [text[s.start : s.end] for s in split_sentences(text, language)]


def _expected(case: str) -> list[str]:
    return [sentence.strip() for sentence in case.split("‖")]


@_cases(FRENCH)
def test_french(case: str) -> None:
    assert _split(case) == _expected(case)


@_cases(ENGLISH)
def test_english(case: str) -> None:
    assert _split(case, "en") == _expected(case)


@_cases(LINES)
def test_lines(case: str) -> None:
    assert _split(case) == _expected(case)


@pytest.mark.parametrize("language", ["de", "", "fr-CA", "EN"])
def test_any_language_gets_sensible_sentences(language: str) -> None:
    assert _split("Dr. Noir ist da.‖ 你好。‖再见！‖ Fin", language) == ["Dr. Noir ist da.", "你好。", "再见！", "Fin"]


def test_nothing_but_white_space_has_no_sentence() -> None:
    assert split_sentences("") == split_sentences(" \n\u00a0\u2028\t\x85") == []


def test_article_has_exactly_the_sentences_set_by_hand() -> None:
    text = (ROOT / "seeds" / "article.txt").read_text(encoding="utf-8")
    gold = json.loads((ROOT / "tests" / "data" / "article_sentences.json").read_text(encoding="utf-8"))["sentences"]
    assert split_sentences(text) == [Sentence(g["number"], g["start"], g["end"]) for g in gold]
    assert [text[g["start"] : g["end"]] for g in gold] == [g["text"] for g in gold]


PIECES = [
    *".…?!;:,«»“”\"'’()[]-–—*#|@/\\_。？",
    *" \n\r\t\x85\u2028\u2029\u00a0\u202f\u200b\f\x1c\x00\u0301\ud800😀\u200d👧İǅ这م",
    *["M", "Mme", "art", "etc", "J.-C", "U.S.A", "p.ex", "1", "12", "2015", "IV", "Le", "il", "à", "a", "A", "L'Iran"],
    *["...", ". ", '. " ', " »", "\n\n", "\r\n", "\n- ", "\n# ", "\n1. ", "```"],
]
TEXTS = st.one_of(st.text(), st.lists(st.sampled_from(PIECES), max_size=40).map("".join))


@given(TEXTS, st.sampled_from(["fr", "en", "xx"]))
def test_spans_of_any_text_leave_out_nothing_but_white_space(text: str, language: str) -> None:
    sentences = split_sentences(text, language)
    end = 0
    for sentence in sentences:
        assert end <= sentence.start < sentence.end <= len(text)
        assert not text[end : sentence.start].strip()
        assert text[sentence.start : sentence.end] == text[sentence.start : sentence.end].strip()
        end = sentence.end
    assert not text[end:].strip()
    assert [s.number for s in sentences] == list(range(1, len(sentences) + 1))


@given(TEXTS, TEXTS)
def test_a_paragraph_is_split_the_same_whatever_stands_before_it(before: str, paragraph: str) -> None:
    offset = len(before) + 2
    paragraph = "Z" + paragraph
    alone = [(s.start + offset, s.end + offset) for s in split_sentences(paragraph)]
    assert [(s.start, s.end) for s in split_sentences(f"{before}\n\n{paragraph}") if s.end > offset] == alone


@pytest.mark.parametrize(
    "piece",
    [".", "a", "« ", "M. ", "mots.Mots", '. " ', "- ", " ", "\n", "….a"],
)
def test_time_grows_linearly(piece: str) -> None:
    def seconds(length: int) -> float:
        text = piece * (length // len(piece))
        start = time.process_time()
        split_sentences(text)
        return time.process_time() - start

    quarter = max(min(seconds(250_000) for _ in range(2)), 0.001)
    assert seconds(1_000_000) / quarter < 10  # 4 where linear, 16 where quadratic; the rest is noise


@pytest.mark.skipif(not TREEBANK.is_dir(), reason=f"the treebank is not in {TREEBANK}")
@pytest.mark.filterwarnings("ignore:invalid escape sequence")  # in pySBD
def test_ahead_of_sentencex_and_pysbd_on_the_treebank() -> None:
    texts = [gold for file in treebank().values() for gold in file]
    scores = {name: score(splitter, texts) for name, splitter in splitters().items()}
    ours, others = scores.pop("ours"), scores.values()
    assert ours.f1 > 0.95
    assert ours.precision > 0.995
    assert all(ours.f1 > other.f1 and ours.precision > other.precision for other in others)


def test_sentences_are_values() -> None:
    assert split_sentences("Il part. Elle reste.") == [Sentence(1, 0, 8), Sentence(2, 9, 20)]
