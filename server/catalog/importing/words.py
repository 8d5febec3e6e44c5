"""What English names and instructions give away: the type, the laterality, the position, the equipment, the side."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from server.catalog.importing.facts import Field, guessed, mapped, refused

Rules = Sequence[tuple[str, str]]  # a pattern -> our code; the first that fits holds

TYPES: tuple[tuple[str, str], ...] = (
    (r"\bpnf\b|contract[- ]relax|hold[- ]relax", "pnf_stretch"),
    (r"\bsmr\b|foam roll|\broll(ing|er)\b|black ?roll|massage|lacrosse|\brelease\b|muscle roll", "foam_roll"),
    (r"\bbreath|stomach vacuum", "breathing"),
    (r"\bbalance\b|single[- ]leg stance|one[- ]legged balance", "balance"),
    (r"\bjump(s|ing)?\b(?! rope)|\bhops?\b|\bbound(s|ing)?\b|\bplyo|depth jump|\bleap\b|\bslam\b"
     r"|\bthrow\b", "potentiation"),
    (
        r"\bcircles?\b|\bswings?\b|windmill|inch ?worm|\bkicks?\b|groiner|\bsquats?\b|\blunges?\b|dynamic|\bwalks?\b"
        r"|leg raises?\b|scissor|iron cross|sweep|toe touch(es|ers)\b|\bsplit squat",
        "dynamic_stretch",
    ),
    (
        r"\brotations?\b|\btwists?\b|\brocks?\b|\bfloss\b|\bcars\b|cat[- ]cow|cow[- ]cat|segmental"
        r"|pelvic tilt|head (turns?|tilts?)"
        r"|\brolls?\b|\bnerve\b|wall (slide|angel)|dislocate|open book|\bmobility\b|chin tuck|\btaps\b"
        r"|\bcurl\b(?=.*back)",
        "mobility",
    ),
    (r"stretch|\bpose\b|pigeon|cobra|sphinx|straddle|pancake|bretzel|\bhug\b", "static_stretch"),
)  # fmt: skip

POSITIONS: Rules = (
    (r"half[- ]kneeling|one knee (on|to) the (floor|ground)|kneel(ing)? on one (knee|leg)|lung(e"
     r"|ing) position", "half_kneeling"),
    (r"\ball fours\b|hands[- ]and[- ]knees|quadr[iu]ped|tabletop|hands and (your )?knees", "quadruped"),
    (r"\bprone\b|face ?down|on (your|the) (stomach|belly|front)\b|lie face", "prone"),
    (r"side[- ](lying|laying)|on (your|one|the) side\b", "side_lying"),
    (r"\bsupine\b|face ?up|on (your|the) back\b|lying|laying", "supine"),
    (r"\bchair\b|(sit|seated|sitting) (down )?(on|in|upright on|at the edge of) (a |an |the )?(bench|chair"
     r"|stool|ball)", "seated_chair"),
    (r"\bseated\b|\bsit(ting)?\b|sit on the (floor|ground)", "seated_floor"),
    (r"\bplank\b|push-? ?up position|\bpush-?ups?\b", "plank"),
    (r"\bhang(ing)?\b", "hanging"),
    (r"\bkneel(ing)?\b|on your knees", "tall_kneeling"),
    (r"\bwalk(ing)?\b|step forward and", "walking"),
    (r"on one (leg|foot)|single[- ]leg stance", "standing_single_leg"),
    (r"\bstand(ing)?\b|\bupright\b|\bshoulder[- ]width\b", "standing"),
)  # fmt: skip

EQUIPMENT: Rules = (
    (r"foam roll|\broller\b|black ?roll", "foam_roller"),
    (r"lacrosse|tennis ball|massage ball|golf ball", "ball"),
    (r"mini[- ]?band|loop band", "mini_band"),
    (r"\b(resistance |rubber |exercise )?bands?\b|\bbanded\b|elastic", "band"),
    (r"\bstrap\b|\btowel\b|\brope\b(?! jump)|\bbelt\b", "strap"),
    (r"\bdowel\b|broomstick|pvc|\bstick\b", "dowel"),
    (r"\b(stability|exercise|swiss) ball\b", "swiss_ball"),
    (r"doorway|door frame|doorframe", "doorway"),
    (r"\bwall\b", "wall"),
    (r"\bchair\b|\bstool\b", "chair"),
    (r"\bbench\b", "bench"),
    (r"pull-?up bar|chin-?up bar", "pullup_bar"),
    (r"\bpartner\b|\bassist(ant|ed by)\b", "partner"),
    (r"jump(ing)? rope|rope jump|skipping", "jump_rope"),
    (r"\btreadmill\b", "treadmill"),
    (r"\bbike\b|bicycl", "bike"),
    (r"\browing\b|\brower\b|rowing machine", "rower"),
    (r"\bkettlebells?\b", "kettlebell"),
    (r"\bdumbbells?\b", "dumbbell"),
    (r"\bbarbell\b", "barbell"),
    (r"\bstep\b(?= (up|box|platform))|\bbox\b|\bplatform\b|\bstairs?\b", "step"),
)  # fmt: skip

MUSCLES: Sequence[tuple[str, list[str]]] = (
    (r"hip flexor|psoas|runner'?s lunge", ["hip_flexors"]),
    (r"soleus", ["soleus"]),
    (r"\bcal(f|ves)\b|ankle|plantarflexion|dorsiflexion", ["gastroc"]),
    (r"tibialis|shin", ["tib_ant"]),
    (r"hamstring|pancake|forward fold|sit & reach|toe touch|elephant walk", ["hamstrings"]),
    (r"\bquads?\b|quadriceps", ["quads"]),
    (r"adductor|groin|butterfly|straddle|frog stretch|horse stance", ["adductors"]),
    (r"iliotibial|\bit band\b", ["tfl_itb"]),
    (r"piriformis|figure four|pigeon|shinbox|hip (circles?|crossover)", ["deep_hip_rotators"]),
    (r"\bglutes?\b|gluteus|knee to chest", ["glute_max"]),
    (r"levator|\btraps?\b|shrug", ["upper_traps"]),
    (r"neck|head (turns?|tilts?)|chin tuck", ["neck_extensors"]),
    (r"\bpec(s|toral)?\b|chest", ["pecs"]),
    (r"\blats?\b|prayer", ["lats"]),
    (r"triceps", ["triceps"]),
    (r"biceps", ["biceps"]),
    (r"wrist|forearm", ["forearm_flexors"]),
    (r"external rotation|internal rotation|interior rotation|sleeper|rotator", ["rotator_cuff"]),
    (r"shoulder (rotation|dislocates)|arm circles|delt|shoulder", ["delts_front", "delts_rear"]),
    (r"thoracic|open book|upper back|cat|cow|wall (angel|slide)", ["thoracic_extensors"]),
    (r"lower back|child'?s pose|cobra|sphinx|torso|trunk|spinal|bretzel", ["lumbar_extensors"]),
    (r"\brun(ning)?\b|\bjog|\bwalk(ing)?\b|\bbike\b|cycling|elliptical|stair|step mill|\brow(ing)?\b"
     r"|\bski\b|jump(ing)?\b", ["quads"]),
)  # fmt: skip
# Strength with weights, machines or bars, by words that sets name it with.
GYM = re.compile(
    r"machine|cable|barbell|smith|\bpress\b|deadlift|snatch|\bclean\b|\bjerk\b|\bcurl\b|pulldown|\bbench\b"
    r"|sled|\btire\b"
    r"|landmine|trap bar|\brings?\b|rope wave|pec deck|\bpull-?ups?\b|\bchin-?ups?\b|\bdips?\b|gripper"
    r"|\bplate\b|weight"
    r"|hack squat|leg extension|\brows?\b|flyes?\b|skull|crusher|raise - with",
    re.I,
)

_SIDE = re.compile(
    r"[\s,(–-]*\b(left|right)\b(?:[- ](?:leg|arm|side|hand|foot))?(?:\s+side)?[)\s]*|\b(left|right)\s+", re.I
)
_ALTERNATING = re.compile(r"\balternat", re.I)
_ONE_SIDE = re.compile(
    r"\b(one|single|1)[- ](arm|leg|hand|handed|armed|legged|foot)\b|\bunilateral\b|\bside[- ](plank|lying)",
    re.I,
)
_OTHER_SIDE = re.compile(
    r"\b(other|opposite|each|both|alternate|second) (sides?|legs?|arms?|foot|feet|hand)\b|switch (sides|legs|arms)"
    r"|\bchange sides\b|\brepeat (it )?(on|with|for) (the|your) (other|opposite)",
    re.I,
)
# Names that look English in a set that says so, and are not.
_STRANGE = re.compile(
    r"\b(de|del|en|con|alle|mit|para|una|sus|polea|jal[oó]n|remo|supino|estiramiento\w*|respiraci\w+|meditaci\w+"
    r"|elevaci\w+|extensi[oó]n|flexi[oó]n|trazioni|isometria|schwimmen|bizeps|talons|cote|remada|patadas?"
    r"|gluteo\w*)\b",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Sided:
    """A name without its side, and which side that was ("" for none)."""

    name: str
    side: str


def sided(name: str) -> Sided:
    """Take `left` or `right` out of a name: twins of one exercise then have one name."""
    found = re.findall(r"\b(left|right)\b", name, re.I)
    if len(found) != 1:
        return Sided(name, "")
    bare = " ".join(re.sub(r"\s+,", ",", _SIDE.sub(" ", name)).split()).strip(" ,-–(")
    if not bare:
        return Sided(name, "")
    return Sided(bare[0].upper() + bare[1:], found[0].lower())


def looks_foreign(name: str) -> bool:
    """Whether a name that its set calls English is more likely in another language."""
    return bool(_STRANGE.search(name)) or bool(re.search(r"[áéíóúñçãõßü]", name, re.I))


def first_fit(rules: Rules, text: str) -> tuple[str, str] | None:
    """The code of the first rule that fits and the word that made it fit."""
    for pattern, code in rules:
        if found := re.search(pattern, text, re.I):
            return code, found.group().strip()
    return None


def type_by_name(name: str, otherwise: str, why: str) -> Field:
    """The type that a name gives away, else `otherwise` for the reason `why`."""
    if fit := first_fit(TYPES, name):
        return guessed("type", fit[0], name, f"the name says “{fit[1]}”")
    return guessed("type", otherwise, name, why)


def position(name: str, steps: Iterable[str]) -> list[Field]:
    """The starting position by the name, else by the first two sentences; none when neither says."""
    if fit := first_fit(POSITIONS, name):
        return [guessed("positions", [fit[0]], name, f"the name says “{fit[1]}”")]
    opening = " ".join(list(steps)[:2])
    if fit := first_fit(POSITIONS, opening):
        return [guessed("positions", [fit[0]], fit[1], f"the instructions begin with “{fit[1]}”")]
    return []


def laterality(name: str, steps: Iterable[str], side: str = "") -> Field:
    """One side at a time, in turn, or both at once, by the name, else by the instructions."""
    if side:
        return mapped("laterality", "unilateral", side, f"the record is for the {side} side only")
    if _ALTERNATING.search(name):
        return mapped("laterality", "alternating", name, "the name says that the sides take turns")
    if fit := _ONE_SIDE.search(name):
        return mapped("laterality", "unilateral", name, f"the name says “{fit.group()}”")
    text = " ".join(steps)
    if _ALTERNATING.search(text):
        return guessed(
            "laterality", "alternating", "alternate", "the instructions say that the sides take turns"
        )
    if fit := _OTHER_SIDE.search(text):
        return guessed("laterality", "unilateral", fit.group(), f"the instructions say “{fit.group()}”")
    return guessed("laterality", "bilateral", "", "nothing speaks of one side")


def equipment_in(text: str) -> list[str]:
    """Equipment named in a text, without repeats."""
    found = [code for pattern, code in EQUIPMENT if re.search(pattern, text, re.I)]
    if "swiss_ball" in found and "ball" in found:
        found.remove("ball")
    return found


def muscles_by_name(name: str) -> list[Field]:
    """The muscle that a name names, for sets that leave it open; none when it names none."""
    for pattern, codes in MUSCLES:
        if found := re.search(pattern, name, re.I):
            return [
                guessed(
                    "primary_muscles", codes, name, f"the set names none; the name says “{found.group()}”"
                )
            ]
    return [refused("primary_muscles", "", "neither the set nor the name says a muscle")]
