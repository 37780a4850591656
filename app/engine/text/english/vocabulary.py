"""English words that decide how an adjacent number is written. Data only."""

from __future__ import annotations

from app.engine.text.english.numbers import words_of

MONTHS = {
    month: month.capitalize()
    for month in words_of("january february march april may june july august september october november december")
}
# may and march are also verbs: with only a day they are a date only after one of these
DATE_BEFORE = frozenset(
    words_of(
        "on by until till since of from in before after this last next early late for through and is was to"
        " monday tuesday wednesday thursday friday saturday sunday"
    )
)
YEAR_BEFORE = frozenset(
    words_of(
        "in since until till year of from by before after circa early late spring summer autumn fall winter to mid"
    )
) | frozenset(MONTHS)
TIME_BEFORE = frozenset(words_of("at by until till from since around before after about between it's it’s"))
TIME_AFTER = frozenset(words_of("tonight tomorrow sharp"))
# words before which zero to nine become digits
UNITS = frozenset(
    words_of("""kilometers kilometres kilometer kilometre km meters metres meter metre cm centimeters centimetres centimeter
    centimetre millimeters millimetres millimeter millimetre mm miles feet inches inch yards kilograms kilogram kilos kg
    grams gram mg milligrams pounds lbs ounces tons tonnes liters litres liter litre ml milliliters gallons degrees
    hours minutes seconds milliseconds percentage kilowatts watts bytes bits kilobits megabits gigabits pixels volts amps megabytes gigabytes terabytes kilobytes
    megapixels gigahertz megahertz hertz mph kph euros yuan yen rmb cents bucks
    acres hectares calories pm am""")
)
# two hour meeting, six foot fence; one hour stays
SINGULAR_UNITS = frozenset(words_of("hour minute foot mile"))
# what may follow a number that is not a clock time
COUNTED = (UNITS - {"am", "pm"}) | {"percent", "dollars", "people", "years", "days", "hundred"}
# words that a small number names: chapter 5
DESIGNATORS = frozenset(
    words_of("""number page chapter room gate platform version section figure table route flight season episode channel highway
    apartment phase form item question exercise lesson unit volume terminal track zone option interstate section act article type level step grade category
    stage line part suite extension boeing airbus windows iphone ios android python playstation bluetooth usb gpt covid rule""")
)
WORDS_OF_SCORES = frozenset(
    words_of("voted vote won win wins lost lose led lead leads leading beat score ahead trailing")
)
STREETS = frozenset(words_of("street avenue road drive lane boulevard"))
NO_STREET = frozenset(words_of("of on the in at from to and for a an way down is are was were with by"))
NOT_ORDINAL_AFTER = frozenset(words_of("delay video clip timer break spot rule ad intervals interval countdown pause"))
# after these, "thirty second" is 32nd: function words that follow a noun, and nouns that have ranks
RANKED = frozenset(
    words_of("""of in on at to from for with by and or but was is were are has had as than after before which who that
    floor century street avenue birthday anniversary amendment president edition annual congress infantry regiment
    division person day week year season round place percentile chapter psalm state""")
) | {""}
BEFORE_SPAN = frozenset(words_of("a an another each every one"))  # a thirty second plank
BEFORE_SPAN_OR_RANK = frozenset(words_of("the this that my your his her its our their first last next"))
FRACTIONS = {
    "third": 3,
    "quarter": 4,
    "fifth": 5,
    "sixth": 6,
    "seventh": 7,
    "eighth": 8,
    "ninth": 9,
    "tenth": 10,
}
DECADES = {
    "twenties": 20,
    "thirties": 30,
    "forties": 40,
    "fifties": 50,
    "sixties": 60,
    "seventies": 70,
    "eighties": 80,
    "nineties": 90,
}
