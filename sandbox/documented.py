"""The documentation's own examples: every value below stands in the REST documentation.

The catalogue is built around them, so that what a reader finds there is what the sandbox serves.
"""

from datetime import date
from typing import Final

TERRITORIES: Final = tuple(
    (  # noqa: SIM905 - 250 quoted codes would take ten times the lines
        "AD AE AF AG AI AL AM AN AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO "
        "BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK "
        "DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR "
        "GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM "
        "KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP "
        "MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL "
        "PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST "
        "SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG "
        "VI VN VU WF WS YE YT ZA ZM ZW "
    ).split(),
)

ARTISTS: Final = {
    1: "Neil Diamond",
    399: "20syl",
    544: "1902",
    610: "2 Good Souls",
    815: "Agoria",
    913: "Rafael Kubelik",
    914: "Royal Concertgebouw Orchestra",
}

LABELS: Final = {
    1: "SnapShot",
    39: "25 Hour Convenience Store",
    129: "1-800-Dinosaur",
    184: "2.4.7. Films",
    192: "Agoria Music",
    212: "Les Indispensables de Diapason",
}

# Documented whole, with its one track.
MAHLER_ALBUM: Final = 273
MAHLER_TITLE: Final = "Mahler: Symphonie No. 5"
MAHLER_ICPN: Final = "3700551766741"
MAHLER_GENRES: Final = ("Musique Classique : Musique Symphonique",)
MAHLER_RELEASED_AT: Final = "2014-10-29"
MAHLER_ARTISTS: Final = (914, 913)
MAHLER_LABEL: Final = 212
MAHLER_TRACK: Final = 3272
MAHLER_TRACK_ISRC: Final = "FR9W15100085"
MAHLER_TRACK_TITLE: Final = "Symphony No. 5: V. Rondo-Finale. Allegro - Allegro giocoso. Frisch."
MAHLER_TRACK_SECONDS: Final = 14 * 60 + 43

# Documented as the stubs of the two listenings; their other fields are made up.
CHRISTMAS_ALBUM: Final = 1
CHRISTMAS_TITLE: Final = "Neil Diamond's Christmas Classics"
CHRISTMAS_TRACK: Final = 5
CHRISTMAS_TRACK_ISRC: Final = "USMC31477075"
TORINO_ALBUM: Final = 259
TORINO_TITLE: Final = "Grande Torino - EP"
TORINO_TRACK: Final = 2746
TORINO_TRACK_ISRC: Final = "FRT091000039"

# Documented by their numbers alone, in the two deliveries.
DELIVERED_ALBUMS: Final = (142, 93)

DISTRIBUTORS: Final = {1: "Believe", 2: "Idol"}
USER: Final = (1, "Kévin Chavanne")
STATION: Final = (1, "BM Lyon")

LISTENINGS_DAY: Final = date(2015, 1, 26)
DELIVERIES_DAY: Final = date(2015, 2, 6)

# The two tokens that stand in its chapter on authentication.
FIRST_TOKEN: Final = "2f931896365950b210bae7db8c65ccf0ecd0f53320a9cd97bbb4a2168d99176e"  # noqa: S105 - public
SECOND_TOKEN: Final = "9802ebeec3f9e146c646e360346dd302773d43bdb001c26fa8a34d543bf86f22"  # noqa: S105 - public

COVERS: Final = "https://commondatastorage.googleapis.com/music-staging/cargo"
STREAMS: Final = COVERS
STUB_LINKS: Final = "http://localhost:7000/api/v1"
DELIVERY_LINKS: Final = "http://music.1dtouch.com/api/v1"
