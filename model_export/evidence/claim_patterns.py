"""What copy may not say, as word patterns: rules C01, C02, C03, W08 and N02 of evidence.json.

A pattern is a claimed effect: verb, then at most a few words, then its object. Instructions ("stop if it hurts",
"lengthen through your spine") are no claims: an `if`, `because` or `with` between verb and object breaks the pattern,
and so does a denial. Texts are matched in lower case with straight quotes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_BREAK = (
    "because|if|when|whenever|where|while|after|before|until|unless|without|but|instead|although|though|since|"
    r"during|between|whether|not|no|never|nor|cannot|\w+n't"
)


def few(most: int, stop: str = "") -> str:
    """Up to so many words between two others, none of which opens another clause, denies, or is in `stop`."""
    return rf"(?:[^\w.;:!?]+(?!(?:{_BREAK}{stop})\b)[\w'%+]+){{0,{most}}}?[^\w.;:!?]+"


GAP: Final = few(5)

_LESS = (
    r"prevent\w*|avoid\w*|avert\w*|reduc\w*|lower\w*|lessen\w*|decreas\w*|minimi[sz]\w*|diminish\w*|cut(?:s|ting)?|"
    r"eliminat\w*|eas(?:e|es|ed|ing)|reliev\w*|relief|sooth\w*|alleviat\w*|banish\w*|beat(?:s|ing)?|combat\w*|"
    r"fight(?:s|ing)?|counter(?:s|ing)?|limit(?:s|ing)?|stop(?:s|ping)?|ward(?:s|ing)? off|stav(?:e|es|ing) off|"
    r"fend(?:s|ing)? off|head(?:s|ing)? off|tam(?:e|es|ing)|halv(?:e|es|ing)|curb\w*|get(?:s|ting)? rid of|"
    r"rid(?:s|ding)? (?:you|your \w+) of|(?:helps?|works?|good|remedy|weapon) against|protect\w*|guard(?:s|ing)?|"
    r"shield\w*|safeguard\w*|spar(?:e|es|ing) you|sav(?:e|es|ing) you|insur\w*|immuni[sz]\w*|takes? away|"
    r"melts? away|kill(?:s|ing)?|(?:stretch|roll|shake|walk)(?:es|s|ing)? (?:away|off|out)|erase\w*|dissolv\w*|"
    r"keeps? (?:away|off)|end(?:s|ing)?"
)
_INJURY = (
    r"injur(?:y|ies)|(?:muscle|hamstring|calf|groin|ligament|tendon)s? (?:strain|tear|pull|rupture)s?|strains|"
    r"sprain(?:s|ed)?|tears? of|pulled (?:muscle|hamstring)s?|pulling a (?:muscle|hamstring)|torn \w+|tendonitis|"
    r"tendinitis|(?:getting|being|get|become) (?:hurt|injured)|shin splints|overuse"
)
_SORE = (
    r"soreness|doms|sore (?:muscle|leg|calf|calve|thigh|back|shoulder|neck|bod)\w*|aching \w+|aches and pains|"
    r"(?:muscle|muscular|leg|body) aches?|(?:muscle|muscular|leg) pain|muscle damage|delayed onset \w+|"
    r"stiffness (?:tomorrow|the next day|the day after|the morning after)"
)
_WASTE = (
    r"lactic(?: acid)?|lactate|toxins?|metabolic waste|waste products?|waste (?:from|in|out of)|metabolites|"
    r"acid build\S*|impurities"
)
_POSTURE = (
    r"posture|slouch\w*|hunch\w*|rounded (?:shoulders|back)|forward head|text neck|tech neck|swayback|misalign\w*|"
    r"(?:anterior )?pelvic tilt|(?:spinal|body|pelvic|hip) alignment|crooked \w+"
)
_MUSCLE = (
    r"muscles?|hamstrings?|calves|calf|quads?|thighs?|hips?|hip flexors?|tendons?|fascia|glutes?|ligaments?|"
    r"muscle fib(?:re|er)s?|tissues?|legs?"
)
_BETTER = (
    r"speed\w*|boost\w*|accelerat\w*|enhanc\w*|aid(?:s|ed|ing)?|improv\w*|promot\w*|hasten\w*|shorten\w*|assist\w*|"
    r"support(?:s|ing)|optimi[sz]\w*|maximi[sz]\w*|help(?:s|ing)?|kick-?start\w*|jump-?start\w*|quicken\w*|"
    r"facilitat\w*|better|fast|faster|quick|quicker|rapid|speedier|fast-?track\w*|turbo-?charg\w*|supercharg\w*"
)
_RECOVER = r"recovery|recover|recovering|regeneration|regenerate|muscle repair"
_GOES = r"go(?:es)? (?:down|away)|drops?|falls?|fades?|disappears?|melts?"


@dataclass(frozen=True)
class Pattern:
    """A claim that a rule forbids, and why it may not stand."""

    rule: str
    match: re.Pattern[str]
    why: str


def _patterns(rule: str, why: str, *texts: str) -> list[Pattern]:
    """A space in a text stands for any white space; one in a look-behind, which must be of one width, is \\x20."""
    spaced = [t.replace("[ -]", r"[\s-]+").replace(" ?", r"\s*").replace(" ", r"\s+") for t in texts]
    return [Pattern(rule, re.compile(rf"\b(?:{text})"), why) for text in spaced]


ONLY_PROGRAMME: Final = (
    "fewer injuries are shown for the 11+ done regularly: name the programme and the regularity"
)

INJURY: Final = _patterns(
    "C03", "stretching and cooling down are not shown to prevent injuries",
    rf"(?:{_LESS}){GAP}(?:{_INJURY})\b",
    rf"(?:less|lower|smaller|fewer|minimal|zero|no more|never another|goodbye to|bye-bye|safe from|free of|"
    rf"resistant to|resilient to){GAP}(?:{_INJURY})\b",
    rf"(?:less likely|unlikely|never again|not going){few(4)}(?:injur\w+|hurt|pull a|tear|strain)\b",
    r"(?:injury|injuries|strain|sprain)[ -](?:preventi\w+|proof\w*|free|reduc\w+|resistan\w+|avoid\w+|busting)\b",
    r"(?:get|getting|are|is) (?:hurt|injured)(?: \d+ ?%)? (?:less|half)\b",
    r"keep(?:s|ing)? (?:you|your \w+|it|them) from (?:tear|strain|pull|break|getting hurt|getting injured|injur)\w*",
    r"bullet-?proof\w*",
    r"off the (?:injury list|treatment table|physio'?s? (?:table|bench))",
    r"(?:don't|do not|never) get (?:injured|hurt)\b(?! (?:feelings|by))",
    rf"(?:{_INJURY}){few(3)}(?:prevent(?:ed|able)|avoided|reduced|halved|(?:less|more) (?:likely|rare)|rarer|unlikely|"
    rf"at bay|away|a thing of the past|{_GOES})\b",
    r"keep(?:s|ing)? (?:you|your \w+) (?:healthy|intact|out of the physio\S*)",
    r"stay(?:s|ing)? (?:healthy|uninjured|out of the physio\S*)",
    r"(?:won't|will not|cannot|can't|never) (?:get|be|become) (?:hurt|injured)\b",
    r"so (?:that )?you (?:do not|don't|never) (?:get|become) (?:hurt|injured)\b",
    r"keep(?:s|ing)? (?:the|your) (?:physio\w*|doctor)s? away\b",
    r"(?:won't|will not|cannot|can't|never) (?:pull|tear|tweak) (?:a|your|anything)\b",
)  # fmt: skip

SORENESS: Final = _patterns(
    "C01", "soreness falls by about 1 point of 100 after stretching: nobody would notice",
    rf"(?:{_LESS}){GAP}(?:{_SORE}|sore)\b",
    rf"(?:less|no|no more|without|minus|fewer|never|goodbye to|minimal|milder){few(2)}(?:{_SORE})\b",
    rf"(?:less|not|never|won't be|no longer|hardly|barely){few(3)}sore(?: and \w+)? (?:tomorrow|the next|the day|"
    r"the morning|afterwards|again|after)",
    r"less sore\b",
    r"(?:stretch|roll|shake) (?:the |your )?sore\w* (?:\w+ )?(?:away|off|out)\b",
    r"sore(?:ness)?-(?:free|proof)\b",
    rf"tak(?:es?|ing){few(3)}(?:sore\w*|ache\w*) (?:out|away|from)\b",
    rf"(?:{_SORE}){few(2)}(?:prevented|avoided|reduced|eased|milder|gone|away|at bay|a thing of the past|"
    rf"{_GOES})\b",
)  # fmt: skip

RECOVERY: Final = _patterns(
    "C01", "cooling down and stretching are not shown to speed recovery",
    rf"(?:{_BETTER}){few(5, '|with')}(?:{_RECOVER})\b",
    rf"recover(?:s|y|ing)?{few(3)}(?:as fast|faster|quicker|sooner|quickly|speedily|better|in no time|overnight)\b",
    r"recovery (?:in|within) (?:half|a third|hours|minutes|no time|less)\b",
    r"(?:repair|regenerate|rebuild)s? (?:faster|quicker|sooner)\b",
    r"recovery-(?:boosting|enhancing|promoting)\b",
    r"bounc(?:e|es|ing) back (?:faster|quicker|sooner|quickly)\b",
    r"(?:fresh|recovered) (?:again )?(?:for tomorrow|tomorrow|the next day|sooner|faster)\b",
)  # fmt: skip

FLUSH: Final = _patterns(
    "C01", "nothing is flushed: lactate is gone within the hour either way, and it is no cause of soreness",
    rf"(?:flush|clear|clean|remov|eliminat|releas|drain|wash|purg|rid|expel|dispers|dissolv|push|sweep|pump|get|carr|"
    rf"break|squeez|reduc|shift|lower|burn|sweat|transport|work|help|speed|process)\w*{GAP}(?:{_WASTE})\b",
    rf"(?:{_WASTE}){GAP}(?:flushed|cleared|removed|out|gone|drained|washed|expelled|released|eliminated|{_GOES})\b",
    r"detox\w*",
    r"(?:lactate|lactic acid|toxin|waste) (?:clearance|removal|flush\w*|drainage|elimination)\b",
    r"flush(?:es|ing)? (?:out )?(?:your |the )?(?:legs|muscles|system|body)\b",
)  # fmt: skip

POSTURE: Final = _patterns(
    "C03", "stretching is not shown to change posture",
    rf"(?:fix|correct|improv|restor|repair|straighten|realign|re-align|revers|undo|cur(?:e|es|ing)\b|perfect|reset|"
    rf"retrain|rebuild|transform|counter|combat|fight|better|sort|remed|rid|banish|prevent|eliminat|reduc|beat|mend|"
    rf"sav(?:e|es|ing)\b|stop|offset|avoid)\w*{GAP}(?:{_POSTURE})\b",
    r"(?:better|perfect|good|great|healthier|improved|flawless) posture\b(?! (?:while|during|as you|throughout))",
    r"postur(?:e|al)[ -](?:correct\w+|fix\w*|improv\w+|restor\w+)",
    rf"posture{few(2)}(?:improves?|will improve|fixed|corrected|restored|better)\b",
    r"(?:realign|re-align|rebalance)(?:s|ed|ing)? (?:your |the )?(?:spine|body|pelvis|skeleton|hips|posture)\b",
    r"mak(?:es?|ing) you (?:stand )?(?:taller|straighter)\b",
    r"straighter (?:back|spine|shoulders)\b",
)  # fmt: skip

LENGTH: Final = _patterns(
    "C03", "stretching raises tolerance; muscles do not stay longer",
    rf"(?:lengthens|lengthened|elongates|elongating){few(3)}(?:{_MUSCLE})\b",
    rf"(?:lengthen|elongat|stretch|loosen)\w*{GAP}(?:permanently|for good|for ever|forever|for life|lastingly|"
    r"once and for all)\b",
    rf"(?:permanent(?:ly)?|lasting(?:ly)?|forever|for good|lifelong|irreversibl[ey]){few(4)}(?:longer|length\w*|"
    r"elongat\w*|flexib\w*|supple\w*|loose\w*|range|mobil\w+)\b",
    rf"(?:long(?:er)?,? (?:and )?lean(?:er)?|longer|lengthened) (?:{_MUSCLE})\b(?! (?:hold|stretch|day|run|walk))",
    rf"mak\w+{few(2)}(?:{_MUSCLE}) (?:permanently )?(?:longer|lengthen)\b",
    rf"(?:{_MUSCLE}){few(3)}(?:permanently|forever|for good|lastingly|(?:stay|grow|become|get|are) long(?:er)?)\b",
    rf"(?:flexib\w+|suppl\w+|loose\w*|mobil\w+|range){few(2)}(?:permanently|forever|for good|for life)\b",
)  # fmt: skip

HEALING: Final = _patterns(
    "C03", "this is no treatment: no rule of evidence supports a healing claim",
    r"(?:heals|healing|healed|cures?|cured|curing|remed(?:y|ies)|rehabilitat\w+|therapeutic|pain relief)\b",
    r"heal (?:your|the|a|faster|from|an|any|injur\w+|back|chronic)\b",
    r"treat(?:s|ing|ment)? (?:your |for |of |the )?(?:\w+ )?(?:pain|injur\w+|tend\w+itis|sciatica|arthritis|strain\w*|"
    r"fasciitis|hernia\w*)",
    rf"(?:reliev\w+|relief|eas(?:es|ed|ing)|ease|eliminat\w+|banish\w*|end(?:s|ing)?|kill(?:s|ing)?|fix(?:es|ing)?|"
    rf"stop(?:s|ping)?(?! (?:short|at|before|on|when|if))|cut(?:s|ting)?|reduc(?:e|es|ed|ing)|prevent\w*|"
    rf"get(?:s|ting)? rid of|goodbye to|no more|lessen\w*|sooth\w+|alleviat\w+|avoid(?:s|ed)|heal(?:s|ing)?)"
    rf"{few(3, '|with|in|on|or|and|to|as|by|from')}(?:pains?(?! than)|sciatica|arthritis|headaches?|tendinopathy)\b",
    r"relief (?:from|of|for) (?:\w+ )?(?:pain|headaches?|sciatica|arthritis|aches?)",
    r"(?:back|knee|neck|joint|shoulder|hip)[ -]pain[ -](?:relief|free|remedy|cure)",
    r"(?:live|living|become|stay|get|be|go|wake up|feel|train|run) pain[ -]free\b",
    r"(?<!until\x20)(?<!until\x20the\x20)(?<!until\x20your\x20)(?:back|neck|knee|joint|hip|shoulder|muscle|your) "
    rf"pains?{few(2)}(?:disappears?|vanish(?:es)?|gone|fades?|melts?|goes? away)\b",
    rf"tak(?:es?|ing) away{few(2)}pains?\b",
    r"fix(?:es|ing)? (?:your |a |the )?(?:bad |stiff |tight |broken |sore )*(?:back|knees?|hips?|neck|shoulders?|"
    r"hamstrings?)\b",
    rf"(?:break(?:s|ing)? (?:up|down)|dissolv\w*|melt\w*|unknot\w*|undo(?:es)?|releas\w+){few(3)}"
    r"(?:adhesions?|scar tissue|knots?|fascia|trigger points?)\b",
    r"(?:medically|clinically) proven\b",
)  # fmt: skip

PROMISE: Final = _patterns(
    "W08", "79 % of the outcomes examined improved: that promises nothing to a person, and no size of the effect",
    rf"(?:guarant\w+|promis\w+|sure to|proven to|certain to|always){GAP}(?:perform\w*|faster|stronger|results|"
    r"personal best|pb|speed|power)\b",
    rf"(?:boost|improv|increas|rais|better|enhanc|lift)\w*{few(3)}(?:performance|speed|power|strength|results){few(3)}"
    r"\d+ ?(?:%|per ?cent)",
    r"\d+ ?(?:%|per ?cent) (?:better|faster|stronger|higher|improvement in|more (?:power|speed|strength|performance))",
)  # fmt: skip

PROGRAMME: Final = re.compile(r"\b(?:11\s?\+|fifa 11|neuromuscular|strength,? balance|strength and balance)")
REGULAR: Final = re.compile(
    r"\b(?:regular(?:ly)?|(?:once|twice|two|three|\d|\d-\d)(?: times|x)? (?:a|per|each) week|\d(?:-\d)?\s?x\s?/\s?week|"
    r"weekly|for months|every (?:session|training|week))"
)
